import Analysis
import ArgumentParser
import Expression
import KubeClient
import KubeModel
import KubeYAML
import RolloutModel
import StrictJSON

/// `analysis check`: what is wrong with conditions, without a result to try them on. No server is asked.
struct CheckCommand: PluginCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Find what is wrong with conditions, without a result.",
        discussion: """
            kubectl sluice analysis check 'result < 0.01'
            kubectl sluice analysis check 'result.ok' --provider web
            kubectl sluice analysis check -f templates.yaml

            Each condition is tried on every form that the result of its provider can have. A condition that fits none is an error, and the
            exit status 1; one that is wrong for what the provider usually gives is a warning. Arguments without a value count as 1.
            """)

    @Argument(help: "A condition.") var expression: String?
    @Option(help: "The provider that the condition is for.") var provider: String = "prometheus"
    @Option(help: "The query, where the provider has one.") var query: String = ""
    @Option(help: "Where the web provider finds the result.") var jsonPath: String = ""
    @Option(name: [.customShort("f"), .customLong("filename")], help: "A file with AnalysisTemplates and ClusterAnalysisTemplates; objects of other kinds are passed over.")
    var file: String?
    @OptionGroup(title: "Global options") var options: GlobalOptions

    func run(in environment: PluginEnvironment) async throws(CommandFailure) {
        let reports: [Report]
        switch (expression, file) {
        case (let expression?, nil): reports = [try single(expression)]
        case (nil, let file?): reports = try Self.templates(in: file, environment)
        case (nil, nil): throw .usage(RootCommand.helpMessage(for: Self.self, columns: 120))
        default: throw .message("give a condition or -f, not both")
        }
        environment.console.print(lines: reports.flatMap(\.lines))
        let errors: Int = reports.reduce(0) { $0 + $1.errors }
        if errors > 0 { throw .message(errors == 1 ? "one condition cannot be evaluated" : "\(errors) conditions cannot be evaluated") }
    }

    /// What is said of one condition or one template.
    private struct Report {
        var lines: [String]
        var errors: Int
    }

    private static func shown(_ finding: ConditionFinding, _ place: String) -> String {
        "\(place)\(finding.severity.rawValue): \(finding.message)\(finding.snippet.isEmpty ? "" : " \(finding.snippet)")"
    }

    private func single(_ expression: String) throws(CommandFailure) -> Report {
        guard ProviderMember(rawValue: provider) != nil else {
            throw .message("unknown provider \(provider); it is one of \(ProviderMember.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        var problems: [FieldProblem] = []
        let metric = AnalysisMetric(
            ["name": "condition", "successCondition": .string(expression), "provider": [provider: ["query": .string(query), "jsonPath": .string(jsonPath)]]],
            at: "", &problems)
        let findings: [ConditionFinding] = conditionFindings(of: metric)
        let fitting: [String] = Condition(.success, expression).fitting(ResultShape.all(of: metric)).map(\.name)
        return Report(
            lines: findings.map { Self.shown($0, "") } + (fitting.isEmpty ? [] : ["fits \(fitting.joined(separator: ", "))"]),
            errors: findings.count { $0.severity == .error })
    }

    private static func templates(in path: String, _ environment: PluginEnvironment) throws(CommandFailure) -> [Report] {
        let documents: [YAMLDocument]
        do throws(FileSource.Failure) {
            let bytes = try environment.files.read(path)
            do throws(YAMLError) { documents = try YAMLStream.parse(bytes, fileName: path) } catch { throw FileSource.Failure(cause: "\(error)") }
        } catch { throw .message("\(path) cannot be read: \(error.cause)") }
        var reports: [Report] = []
        for document in documents {
            let json = document.json
            guard json["apiVersion"]?.stringValue == "argoproj.io/v1alpha1", let kind = json["kind"]?.stringValue,
                kind == "AnalysisTemplate" || kind == "ClusterAnalysisTemplate" else { continue }
            let template: AnalysisTemplate
            do throws(DecodeError) { template = try AnalysisTemplate(json: json, isClusterScoped: kind == "ClusterAnalysisTemplate") } catch {
                throw .message("\(path): \(error)")
            }
            let name: String = "\(kind) \(template.metadata.name)"
            let findings: [ConditionFinding] = conditionFindings(of: template)
            let broken: [String] = template.problems.map { "\(name): error: \($0)" }
            let conditions: Int = template.metrics.reduce(0) { $0 + ($1.successCondition.isEmpty ? 0 : 1) + ($1.failureCondition.isEmpty ? 0 : 1) }
            reports.append(Report(
                lines: broken + findings.map { shown($0, "\(name), metric \($0.metric): ") }
                    + (broken.isEmpty && findings.isEmpty ? ["\(name): nothing found wrong with \(conditions) condition\(conditions == 1 ? "" : "s")"] : []),
                errors: broken.count + findings.count { $0.severity == .error }))
        }
        if reports.isEmpty { throw .message("\(path) has no AnalysisTemplate or ClusterAnalysisTemplate") }
        return reports
    }
}
