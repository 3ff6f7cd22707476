import KubeClient
import Testing
@testable import PluginCommands

@Suite("analysis eval") struct EvalCommandTests {
    /// Words, and what comes of them.
    static let cases: [(arguments: [String], status: Int32, output: String, error: String)] = [
        (["result[0] < 0.01", "--result", "[0.002]"], 0, "true\n", ""),
        (["result < 0.01", "--result", "0.2"], 0, "false\n", ""),
        (["result.code matches '^2'", "--result", #"{"code": "200"}"#], 0, "true\n", ""),
        (["result == nil", "--kind", "nil"], 0, "true\n", ""),
        (["result < 0.01", "--result", "[0.002]"], 1, "",
         "Error: the condition does not compile: invalid operation: < (mismatched types []float64 and float64) (1:8)\n | result < 0.01\n | .......^\nWrite result[0] < 0.01 for the first number of a vector.\n"),
        (["result[3] > 0", "--result", "[1]"], 1, "", "Error: the condition has no answer: index out of range: 3 (array length is 1) (1:7)\n | result[3] > 0\n | ......^\n"),
        (["result", "--result", "1"], 1, "", "Error: the condition has no answer: expected bool, but got float64\n"),
        (["true", "--kind", "vector"], 1, "", "Error: unknown kind vector; it is one of float, floats, nil, nilfloat, json, nrmap, nrmaps, cloudwatch, flux\n"),
        (["true", "--result", "[1", "--kind", "json"], 1, "", "Error: --result is no JSON: "),
    ]

    @Test(arguments: cases.indices) func answers(_ index: Int) throws {
        let (arguments, status, output, error) = Self.cases[index]
        try PluginWorld.play { world in
            let session = await world.run(["analysis", "eval"] + arguments)
            #expect(session.status == status && session.output == output && session.error.hasPrefix(error), "\(session.output) \(session.error)")
        }
    }

    @Test func comparesAFileOfCases() throws {
        let good = #"[{"expr": "result > 1", "result": 2, "kind": "float", "expect": "true"}, {"expr": "result", "result": 2, "kind": "float", "expect": "non-bool", "type": "float64"}]"#
        let bad = #"[{"expr": "result > 1", "result": 2, "kind": "float", "expect": "false"}, {"expr": "x", "result": null, "kind": "nil", "expect": "compile-error"}]"#
        try PluginWorld.play { world in
            let files: FileSource = .memory(["/good": Array(good.utf8), "/bad": Array(bad.utf8)])
            let first = await world.run(["analysis", "eval", "--vectors", "/good"], files: files)
            #expect(first.status == 0 && first.output == "2 passed, 0 failed\n")
            let second = await world.run(["analysis", "eval", "--vectors", "/bad"], files: files)
            #expect(second.status == 1 && second.output == "#1 result > 1: expected false, got true\n1 passed, 1 failed\n")
            let third = await world.run(["analysis", "eval", "--vectors", "/none"], files: files)
            #expect(third.status == 1 && third.error.contains("/none cannot be read"))
        }
    }
}
