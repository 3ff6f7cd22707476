import Benchmark
import KubeModel
import RolloutModel
import StrictJSON

func registerDecoding() {
    Benchmark.register("decoding: 1 000 ReplicaSets from their text", iterations: 200) { benchmark in
        let texts: [[UInt8]] = Samples.thousand
        try benchmark.measuring(items: texts.count, bytes: texts.reduce(0) { $0 + $1.count }, keeps: true) {
            var memory = ReadingMemory()
            return try texts.map { try ReplicaSet(text: $0[...], memory: &memory) }
        }
    }
    Benchmark.register("decoding: the same, whose templates were read before", iterations: 200) { benchmark in
        let texts: [[UInt8]] = Array(Samples.thousand.prefix(300))
        var memory = ReadingMemory()
        for text in texts { consume(try ReplicaSet(text: text[...], memory: &memory)) }
        try benchmark.measuring(items: texts.count, bytes: texts.reduce(0) { $0 + $1.count }, keeps: true) {
            try texts.map { try ReplicaSet(text: $0[...], memory: &memory) }
        }
    }
    Benchmark.register("decoding: 1 000 ReplicaSets by way of a tree", iterations: 200) { benchmark in
        let texts: [[UInt8]] = Samples.thousand
        try benchmark.measuring(items: texts.count, bytes: texts.reduce(0) { $0 + $1.count }, keeps: true) {
            try texts.map { try ReplicaSet(json: try JSONValue(parsing: $0)) }
        }
    }
    Benchmark.register("decoding: 1 000 Rollouts", iterations: 200) { benchmark in
        let texts: [[UInt8]] = Samples.rollouts
        try benchmark.measuring(items: texts.count, bytes: texts.reduce(0) { $0 + $1.count }, keeps: true) {
            var memory = ReadingMemory()
            return try texts.map { try Rollout(text: $0[...], memory: &memory) }
        }
    }
}

/// Made once a process, when a benchmark first asks.
enum Samples {
    static let objects: [JSONValue] = (0..<1000).map(SampleObjects.replicaSet)
    static let thousand: [[UInt8]] = objects.map { $0.serialized() }
    static let rollouts: [[UInt8]] = (0..<1000).map { SampleObjects.rollout($0).serialized() }
}
