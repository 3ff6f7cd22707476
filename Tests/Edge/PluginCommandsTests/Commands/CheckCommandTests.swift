import KubeClient
import Testing
@testable import PluginCommands

@Suite("analysis check") struct CheckCommandTests {
    /// Words, and what comes of them.
    static let cases: [(arguments: [String], status: Int32, output: String, error: String)] = [
        (["result[0] < 0.01"], 0, "fits a vector\n", ""),
        (["result < 0.01"], 0,
         "warning: successCondition \"result < 0.01\" fits a scalar, but a vector, which prometheus usually gives, makes it an error: "
            + "invalid operation: < (mismatched types []float64 and float64); write result[0] < 0.01 (1:8)\n | result < 0.01\n | .......^\nfits a scalar\n", ""),
        (["result < 0.01", "--query", "scalar(up)"], 0, "fits a scalar\n", ""),
        (["result.ok", "--provider", "web"], 0, "fits an object\n", ""),
        (["reslt > 1"], 1, "error: successCondition \"reslt > 1\" cannot be evaluated: unknown name reslt (1:1)\n | reslt > 1\n | ^\n", "Error: one condition cannot be evaluated\n"),
        (["true", "--provider", "nagios"], 1, "", "Error: unknown provider nagios; it is one of prometheus, "),
        (["true", "-f", "/x"], 1, "", "Error: give a condition or -f, not both\n"),
        (["-f", "/none"], 1, "", "Error: /none cannot be read"),
        (["-f", "/other"], 1, "", "Error: /other has no AnalysisTemplate or ClusterAnalysisTemplate\n"),
        (["-f", "/good"], 0, "AnalysisTemplate good: nothing found wrong with 2 conditions\n", ""),
        (["-f", "/bad"], 1,
         "AnalysisTemplate bad, metric m: warning: successCondition \"result.code == 0\" is not looked at: the provider job decides by itself\n"
            + "ClusterAnalysisTemplate worse, metric errors: error: failureCondition \"result[0] >\" cannot be evaluated: unexpected token EOF (1:12)\n | result[0] >\n | ...........^\n",
         "Error: one condition cannot be evaluated\n"),
    ]

    private static let files: FileSource = .memory([
        "/other": Array("apiVersion: v1\nkind: Service\nmetadata: {name: a}\n".utf8),
        "/good": Array("""
            apiVersion: argoproj.io/v1alpha1
            kind: AnalysisTemplate
            metadata: {name: good}
            spec:
              args: [{name: limit}]
              metrics:
              - name: m
                successCondition: result[0] < {{args.limit}}
                failureCondition: result[0] > 0.5
                provider: {prometheus: {query: up}}
            """.utf8),
        "/bad": Array("""
            apiVersion: argoproj.io/v1alpha1
            kind: AnalysisTemplate
            metadata: {name: bad}
            spec: {metrics: [{name: m, successCondition: result.code == 0, provider: {job: {}}}]}
            ---
            apiVersion: argoproj.io/v1alpha1
            kind: ClusterAnalysisTemplate
            metadata: {name: worse}
            spec: {metrics: [{name: errors, failureCondition: "result[0] >", provider: {prometheus: {query: up}}}]}
            """.utf8),
    ])

    @Test(arguments: cases.indices) func tells(_ index: Int) throws {
        let (arguments, status, output, error) = Self.cases[index]
        try PluginWorld.play { world in
            let session = await world.run(["analysis", "check"] + arguments, files: Self.files)
            #expect(session.status == status && session.output == output && session.error.hasPrefix(error), "\(session.output) \(session.error)")
        }
    }
}
