import Benchmark
import Expression

func registerExpressions() {
    let vector: ExpressionValue = .array([.float(0.991), .float(0.987), .float(0.999)])
    let condition = Condition(.success, "len(result) > 0 && all(result, {# >= 0.95}) && result[0] - result[1] < 0.01")

    Benchmark.register("expressions: compile a condition") { benchmark in
        try benchmark.measuring { try condition.compiled(for: vector.type) }
    }
    Benchmark.register("expressions: evaluate a compiled condition") { benchmark in
        let compiled: CompiledExpression = try condition.compiled(for: vector.type)
        try benchmark.measuring(items: 100) {
            for _ in 0..<100 { consume(try compiled.evaluateBoolean(result: vector)) }
        }
    }
    Benchmark.register("expressions: judge a measurement, from text to answer") { benchmark in
        try benchmark.measuring { try condition.holds(for: vector) }
    }
}
