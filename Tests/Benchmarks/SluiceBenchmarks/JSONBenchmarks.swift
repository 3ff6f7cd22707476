import Benchmark
import StrictJSON

func registerJSON() {
    let text: [UInt8] = SampleObjects.replicaSet(2).serialized()

    Benchmark.register("json: parse an object into a tree") { benchmark in
        try benchmark.measuring(bytes: text.count, keeps: true) { try JSONValue(parsing: text) }
    }
    Benchmark.register("json: pass over an object with the pull reader") { benchmark in
        try benchmark.measuring(bytes: text.count) {
            var reader = JSONReader(text)
            try reader.skip()
            try reader.finish()
        }
    }
    Benchmark.register("json: digest of an object with the pull reader") { benchmark in
        try benchmark.measuring(bytes: text.count) {
            var reader = JSONReader(text)
            consume(try reader.digestOfNextValue())
        }
    }
    Benchmark.register("json: write an object") { benchmark in
        let tree: JSONValue = try JSONValue(parsing: text)
        benchmark.measuring(bytes: text.count) { tree.serialized() }
    }
}
