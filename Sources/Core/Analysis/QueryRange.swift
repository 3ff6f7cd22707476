import Clockwork
import Expression

/// The window of a range query: `rangeQuery` of a Prometheus metric.
public struct QueryRange: Sendable, Equatable {
    /// The first instant that is asked for.
    public var start: Timestamp
    /// The last one.
    public var end: Timestamp
    /// Between two samples.
    public var step: Duration

    /// Reads the three members; the times are expressions such as `now() - duration("5m")`.
    ///
    /// - Parameter now: what `now()` says in them.
    /// - Throws: a text for the measurement, which names the member.
    public init(start: String, end: String, step: String, now: Timestamp) throws(AnalysisProblem) {
        do throws(AnalysisProblem) { self.start = try Self.instant(start, now: now) } catch {
            throw .invalid("failed to parse rangeQuery.start as time: \(error.message)")
        }
        do throws(AnalysisProblem) { self.end = try Self.instant(end, now: now) } catch {
            throw .invalid("failed to parse rangeQuery.end as time: \(error.message)")
        }
        do throws(GoDurationError) { self.step = try GoDuration(parsing: step).duration } catch {
            throw .invalid("failed to parse rangeQuery.step as duration: \(error)")
        }
    }

    /// The instant that a text such as `now() - duration("5m")` names: an expression of the condition language without a result.
    static func instant(_ text: String, now: Timestamp) throws(AnalysisProblem) -> Timestamp {
        let value: ExpressionValue
        do throws(ExpressionError) {
            value = try CompiledExpression(compiling: text, environment: environment, limits: limits).evaluate([:], now: now)
        } catch {
            let hint = error.message.hasPrefix("unknown name") ? " (a time is written as now(), now() - duration(\"5m\") or date(\"2026-03-01\"))" : ""
            throw .invalid(error.message + hint)
        }
        guard let time = value.timestamp else { throw .invalid("expected time.Time, but got \(value.typeName)") }
        return time
    }

    private static let environment = ExpressionEnvironment(variables: [:], functions: [.isNaN, .isInf])

    /// A time is short; what takes more is none.
    private static let limits = ExpressionLimits(sourceBytes: 4 << 10, nodes: 500, nesting: 50, steps: 10_000, memory: 1_000, textBytes: 16 << 10)
}
