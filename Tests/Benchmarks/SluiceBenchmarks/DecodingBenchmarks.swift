import Benchmark
import KubeModel
import StrictJSON

func registerDecoding() {
    Benchmark.register("decoding: 1 000 ReplicaSets", iterations: 200) { benchmark in
        let texts: [[UInt8]] = Samples.thousand
        try benchmark.measuring(items: texts.count, bytes: texts.reduce(0) { $0 + $1.count }, keeps: true) {
            try texts.map { try ReplicaSet(json: try JSONValue(parsing: $0)) }
        }
    }
}

/// Made once a process, when a benchmark first asks.
enum Samples {
    static let objects: [JSONValue] = (0..<1000).map(SampleObjects.replicaSet)
    static let thousand: [[UInt8]] = objects.map { $0.serialized() }
}
