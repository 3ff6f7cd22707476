import Clockwork
import RolloutModel
import StrictJSON

extension MetricPolicy {
    /// Reads one policy. What is not known is an error: a misspelled member must not be a policy that does not hold.
    init(_ json: JSONValue) throws(AnalysisProblem) {
        self.init()
        guard let members = json.objectValue else { throw .invalid("it is a value of type \(json.kindName); an object is needed") }
        func text(_ key: String) throws(AnalysisProblem) -> String? {
            guard let value = members[key] else { return nil }
            guard let text = value.stringValue else { throw .invalid("\(key) is \(value.text()); a string is needed") }
            return text
        }
        let known = ["noData", "waitAtMost", "afterWait", "minimumSamples", "samplesQuery", "failures", "confirm"]
        if let stranger = members.keys.first(where: { !known.contains($0) }) {
            throw .invalid("\(quoted(stranger)) is not known; known are \(known.joined(separator: ", "))")
        }
        noData = try Self.noData(try text("noData"), atMost: try text("waitAtMost"), then: try text("afterWait"))
        if let query = try text("samplesQuery"), !query.isEmpty {
            guard let value = members["minimumSamples"], let count = value.intValue, count > 0 else {
                throw .invalid("samplesQuery needs minimumSamples, a whole number above 0")
            }
            minimumSamples = MinimumSamples(count: count, query: query)
        } else if members["minimumSamples"] != nil {
            throw .invalid("minimumSamples needs samplesQuery, a query for the number of samples")
        }
        if let quota = try text("failures") { failures = try FailureQuota(quota) }
        if let value = members["confirm"] {
            guard let flag = value.boolValue else { throw .invalid("confirm is \(value.text()); true or false is needed") }
            confirms = flag
        }
    }

    private static func noData(_ name: String?, atMost: String?, then: String?) throws(AnalysisProblem) -> NoDataPolicy? {
        guard let name else {
            if atMost != nil || then != nil { throw .invalid("waitAtMost and afterWait need noData: wait") }
            return nil
        }
        guard let policy = NoDataPolicy.named(name) else {
            throw .invalid("noData is \(quoted(name)); it must be error, pass, fail, inconclusive or wait")
        }
        guard case .wait(var duration, var ending) = policy else {
            if atMost != nil || then != nil { throw .invalid("waitAtMost and afterWait need noData: wait") }
            return policy
        }
        if let atMost {
            do throws(GoDurationError) { duration = try GoDuration(parsing: atMost).duration } catch { throw .invalid("waitAtMost: \(error)") }
            if duration <= .zero { throw .invalid("waitAtMost is \(quoted(atMost)); it must be above 0") }
        }
        if let then {
            guard let named = NoDataPolicy.named(then), named != .patient else {
                throw .invalid("afterWait is \(quoted(then)); it must be error, pass, fail or inconclusive")
            }
            ending = named
        }
        return .wait(atMost: duration, then: ending)
    }

    /// The policy that a metric's own `plugin` map holds.
    static func inPlugin(of metric: AnalysisMetric) throws(AnalysisProblem) -> MetricPolicy? {
        guard let json = metric.provider[ProviderMember.plugin.rawValue]?[pluginEntry], !json.isNull else { return nil }
        do throws(AnalysisProblem) { return try MetricPolicy(json) } catch {
            throw .invalid("provider.plugin.\(pluginEntry): \(error.message)")
        }
    }

    /// The policies of an annotation, by metric, as they are written.
    static func entries(ofAnnotation text: String) throws(AnalysisProblem) -> JSONObject {
        let json: JSONValue
        do throws(JSONError) { json = try JSONValue(parsing: text) } catch { throw .invalid("it is no JSON: \(error)") }
        guard let members = json.objectValue else { throw .invalid("it is a value of type \(json.kindName); an object by names of metrics is needed") }
        return members
    }
}

extension MetricPolicy.FailureQuota {
    /// Reads `2 of 5`.
    init(_ text: String) throws(AnalysisProblem) {
        let words = text.split(separator: " ")
        guard words.count == 3, words[1] == "of", let count = Int(words[0]), let window = Int(words[2]) else {
            throw .invalid("failures is \(quoted(text)); it is written like \"2 of 5\"")
        }
        guard count > 0, count <= window, window <= MetricPolicy.longestWindow else {
            throw .invalid("failures is \(quoted(text)); the first number is at least 1, the second not below it and at most \(MetricPolicy.longestWindow)")
        }
        self.init(count: count, of: window)
    }
}

/// The policy of each metric of a run: that of its `plugin` map, else that of the run's annotation for its name, else that for all.
///
/// - Parameters:
///   - metrics: with their placeholders resolved.
///   - arguments: for placeholders in the annotation.
func policies(
    of metrics: [AnalysisMetric], annotation: String?, arguments: [String: String]
) throws(AnalysisProblem) -> [MetricPolicy] {
    var byName: [String: MetricPolicy] = [:]
    if let annotation {
        do throws(AnalysisProblem) {
            for (name, json) in try MetricPolicy.entries(ofAnnotation: annotation) {
                guard name == MetricPolicy.everyMetric || metrics.contains(where: { $0.name == name }) else {
                    throw .invalid("no metric is called \(quoted(name))")
                }
                do throws(AnalysisProblem) { byName[name] = try MetricPolicy(try substituting(json, arguments: arguments)) } catch {
                    throw .invalid("\(quoted(name)): \(error.message)")
                }
            }
        } catch {
            throw .invalid("annotation \(MetricPolicy.annotation): \(error.message)")
        }
    }
    var policies: [MetricPolicy] = []
    for (index, metric) in metrics.enumerated() {
        let own: MetricPolicy?
        do throws(AnalysisProblem) { own = try MetricPolicy.inPlugin(of: metric) } catch {
            throw .invalid("metrics[\(index)]: \(error.message)")
        }
        policies.append(own ?? byName[metric.name] ?? byName[MetricPolicy.everyMetric] ?? .none)
    }
    return policies
}

/// The annotation of a run that is made from templates: each template's policies hold for its own metrics. Nil: none has any.
func policyAnnotation(of templates: [AnalysisTemplate]) throws(AnalysisProblem) -> String? {
    var merged = JSONObject()
    for template in templates {
        guard let text = template.metadata.annotations[MetricPolicy.annotation] else { continue }
        do throws(AnalysisProblem) {
            let entries = try MetricPolicy.entries(ofAnnotation: text)
            for (name, json) in entries {
                guard name == MetricPolicy.everyMetric || template.metrics.contains(where: { $0.name == name }) else {
                    throw .invalid("no metric is called \(quoted(name))")
                }
                do throws(AnalysisProblem) { _ = try MetricPolicy(json) } catch { throw .invalid("\(quoted(name)): \(error.message)") }
            }
            for metric in template.metrics { merged[metric.name] = entries[metric.name] ?? entries[MetricPolicy.everyMetric] }
        } catch {
            throw .invalid(
                "\(template.isClusterScoped ? "ClusterAnalysisTemplate" : "AnalysisTemplate") '\(template.metadata.name)': "
                    + "annotation \(MetricPolicy.annotation): \(error.message)")
        }
    }
    return merged.isEmpty ? nil : JSONValue.object(merged).text()
}
