import Analysis
import ArgumentParser
import Clockwork
import Expression
import KubeClient
import StrictJSON

/// `analysis eval`: one condition on one result, or a file of them. No server is asked.
struct EvalCommand: PluginCommand {
    static let configuration = CommandConfiguration(
        commandName: "eval", abstract: "Evaluate a condition on a result.",
        discussion: """
            kubectl sluice analysis eval 'result[0] < 0.01' --result '[0.002]'
            kubectl sluice analysis eval 'result.code == 200' --result '{"code": 200}' --kind json
            kubectl sluice analysis eval --vectors vectors.json
            """)

    @Argument(help: "The condition.") var expression: String?
    @Option(help: "The result, as JSON.") var result: String = "null"
    @Option(help: "What gives it: float, floats (Prometheus), json (web), nil, nilfloat, nrmap, nrmaps, cloudwatch or flux. Without it: floats for a list of numbers, float for a number, else json.")
    var kind: String?
    @Option(help: "A file with a list of {expr, result, kind, expect, type, error}: each is evaluated and compared.") var vectors: String?
    @OptionGroup(title: "Global options") var options: GlobalOptions

    func run(in environment: PluginEnvironment) async throws(CommandFailure) {
        if let vectors {
            guard expression == nil else { throw .message("give a condition or --vectors, not both") }
            return try compare(vectors, environment)
        }
        guard let expression else { throw .usage(RootCommand.helpMessage(for: Self.self, columns: 120)) }
        let json: JSONValue = try Self.parsed(Array(result.utf8), "--result")
        let value: ExpressionValue = try Self.bound(json, kind: kind)
        do throws(ExpressionError) {
            environment.console.print(lines: [try Self.answer(expression, value, environment) ? "true" : "false"])
        } catch {
            let safe: String? = value.type == .vector && error.isCompileError ? Condition(.success, expression).spellingForFirstSample : nil
            throw .message("\(error.isCompileError ? "the condition does not compile" : "the condition has no answer"): \(error)"
                + (safe.map { "\nWrite \($0) for the first number of a vector." } ?? ""))
        }
    }

    /// What `result` is for some data; without a kind that of the data.
    private static func bound(_ json: JSONValue, kind name: String?) throws(CommandFailure) -> ExpressionValue {
        let kinds: [String] = ResultKind.allCases.map(\.rawValue)
        guard let kind = name.map({ ResultKind(rawValue: $0) }) ?? ResultKind(of: json) else {
            throw .message("unknown kind \(name ?? ""); it is one of \(kinds.joined(separator: ", "))")
        }
        do throws(ResultKind.Misfit) { return try kind.value(json) } catch { throw .message("\(error)") }
    }

    private static func parsed(_ bytes: [UInt8], _ what: String) throws(CommandFailure) -> JSONValue {
        do { return try JSONValue(parsing: bytes) } catch { throw .message("\(what) is no JSON: \(error)") }
    }

    private static func answer(_ expression: String, _ value: ExpressionValue, _ environment: PluginEnvironment) throws(ExpressionError) -> Bool {
        try CompiledExpression(compiling: expression, environment: .condition(result: value.type))
            .evaluateBoolean(result: value, now: environment.clock.now)
    }

    // MARK: Vectors

    private func compare(_ path: String, _ environment: PluginEnvironment) throws(CommandFailure) {
        let bytes: [UInt8]
        do throws(FileSource.Failure) { bytes = try environment.files.read(path) } catch { throw .message("\(path) cannot be read: \(error.cause)") }
        guard let cases = try Self.parsed(bytes, path).arrayValue else { throw .message("\(path) is no list of cases") }
        var failed: [String] = []
        for (index, vector) in cases.enumerated() {
            guard let expression = vector["expr"]?.stringValue, let expected = vector["expect"]?.stringValue, let kind = vector["kind"]?.stringValue else {
                throw .message("\(path): case \(index + 1) lacks expr, kind or expect")
            }
            let outcome: String = Self.outcome(expression, try Self.bound(vector["result"] ?? .null, kind: kind), environment)
            let wanted: String = expected == "non-bool" ? vector["type"]?.stringValue.map { "non-bool \($0)" } ?? expected : expected
            let isRight: Bool = outcome == wanted || outcome.hasPrefix("\(wanted):") || (wanted == "non-bool" && outcome.hasPrefix("non-bool "))
            if !isRight { failed.append("#\(index + 1) \(expression): expected \(wanted), got \(outcome)") }
        }
        environment.console.print(lines: failed + ["\(cases.count - failed.count) passed, \(failed.count) failed"])
        if !failed.isEmpty { throw .message("\(failed.count) of \(cases.count) cases are answered otherwise") }
    }

    /// `true`, `false`, `non-bool TYPE`, or the kind of error with its message.
    private static func outcome(_ expression: String, _ value: ExpressionValue, _ environment: PluginEnvironment) -> String {
        do throws(ExpressionError) {
            let compiled = try CompiledExpression(compiling: expression, environment: .condition(result: value.type))
            switch try compiled.evaluate(result: value, now: environment.clock.now) {
            case .bool(let answer): return answer ? "true" : "false"
            case let other: return "non-bool \(other.typeName)"
            }
        } catch {
            return "\(error.isCompileError ? "compile-error" : "runtime-error"): \(error.message)"
        }
    }
}
