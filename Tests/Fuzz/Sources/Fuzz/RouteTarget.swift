import Clockwork
import KubeModel
import StrictJSON
import Traffic

extension Target {
    /// An HTTPRoute and what a Rollout wants of it, made from the bytes: an edit does as a patch what it does as a document,
    /// touches nothing that is not ours, is empty the second time, and a release leaves the route as it was.
    static let route = Target(name: "route") { input in
        var source = ByteSource(input)
        let intent: RouteIntent = RouteScene.intent(&source)
        let document: JSONValue = RouteScene.route(&source)
        let route: HTTPRoute
        do throws(DecodeError) { route = try HTTPRoute(json: document) } catch { return require(!error.description.isEmpty, "an error has words") }
        let now: Timestamp = RouteScene.now
        switch verdict(on: route, for: intent, since: now - .seconds(Int64(source.below(120))), now: now) {
        case .write(let edit):
            isOneEdit(edit, of: route, intent)
            touchesOnlyOurs(edit.document, before: route, intent)
            saysWhatIsWanted(edit.document, before: route, intent)
            isDoneOnce(edit, intent)
            let meanwhile: JSONValue = RouteScene.changedByOthers(route.document, &source)
            if let changed = try? edit.patch.applied(to: meanwhile) { changesOnlyWeights(changed, before: meanwhile, intent) }
        case .impossible(let problem), .rejected(let problem), .assumed(let problem): require(!problem.isEmpty, "a verdict has words")
        case .pending(let problem, let until): require(!problem.isEmpty && (until ?? now) >= now, "what is pending is decided later")
        case .inForce: saysWhatIsWanted(route.document, before: route, intent)
        }
        comesBack(route, intent, &source)
    }

    private static func isOneEdit(_ edit: RouteEdit, of route: HTTPRoute, _ intent: RouteIntent) {
        require(edit.route == route.metadata.key && edit.weight == intent.weight, "an edit is for the route and weight that were asked for")
        require((try? edit.patch.applied(to: route.document)) == edit.document, "the patch leads to the document: \(edit.patch.json)")
        guard let sent = try? JSONPatch(json: JSONValue(parsing: edit.patch.json.serialized())) else { broken("a patch can be sent: \(edit.patch.json)") }
        require((try? sent.applied(to: route.document)) == edit.document, "the patch as it is sent leads to the document: \(edit.patch.json)")
        require(edit.document != route.document, "an edit changes something: \(edit.patch.json)")
    }

    /// Applied, it is not needed again, whatever the parents say.
    private static func isDoneOnce(_ edit: RouteEdit, _ intent: RouteIntent) {
        guard let after = try? HTTPRoute(json: edit.document) else { broken("an edited route can be read: \(edit.document)") }
        switch verdict(on: after, for: intent, since: RouteScene.now, now: RouteScene.now) {
        case .write(let again): broken("an edit is empty the second time: \(edit.patch.json) \(again.patch.json)")
        case .impossible(let problem): broken("an edit leads to no dead end: \(problem) \(edit.patch.json)")
        case .inForce, .assumed, .pending, .rejected: break
        }
    }

    private static func touchesOnlyOurs(_ after: JSONValue, before: HTTPRoute, _ intent: RouteIntent) {
        let rules: [Int] = RouteScene.weighed(in: before, intent)
        let (left, right) = (RouteScene.withoutOurs(before.document, in: rules, intent), RouteScene.withoutOurs(after, in: rules, intent))
        require(left == right, "what is not ours stays as it is:\n\(left)\n\(right)")
    }

    /// In a route that somebody changed while the patch was on its way, names are all that the patch goes by.
    private static func changesOnlyWeights(_ after: JSONValue, before: JSONValue, _ intent: RouteIntent) {
        let (left, right) = (RouteScene.withoutNames(before, intent), RouteScene.withoutNames(after, intent))
        require(left == right, "what is not ours stays as it is, also in a route that changed meanwhile:\n\(left)\n\(right)")
    }

    /// The weights of the rules that name both Services.
    private static func saysWhatIsWanted(_ document: JSONValue, before: HTTPRoute, _ intent: RouteIntent) {
        guard let after = try? HTTPRoute(json: document) else { broken("an edited route can be read: \(document)") }
        var weighted: Int = 0
        for rule in after.rules {
            let stable: [HTTPRoute.BackendReference] = RouteScene.references(to: intent.stableService, in: rule, after, intent)
            let canary: [HTTPRoute.BackendReference] = RouteScene.references(to: intent.canaryService, in: rule, after, intent)
            if stable.isEmpty || canary.isEmpty { continue }
            weighted += 1
            require(stable.allSatisfy { $0.weight == intent.maxWeight - intent.weight }, "stable has the rest of the weight: \(document)")
            require(canary.allSatisfy { $0.weight == intent.weight }, "the canary has its weight: \(document)")
            require(stable.count == canary.count, "the split is the one asked for: \(document)")
        }
        require(weighted > 0 || intent.weight == 0, "weight is somewhere: \(document)")
        if let label = intent.progressLabel, intent.weight > 0 {
            require(after.metadata.labels[label.key] == label.value, "a routed release is labelled")
        }
    }

    /// From a route without a record through a few weights and back to none: it is as it was.
    private static func comesBack(_ route: HTTPRoute, _ intent: RouteIntent, _ source: inout ByteSource) {
        guard route.metadata.annotations[RouteScene.record] == nil, route.metadata.labels[intent.progressLabel?.key ?? ""] == nil else { return }
        var current: HTTPRoute = route
        for step in 0..<4 {
            var next: RouteIntent = intent
            next.weight = step == 3 ? 0 : source.below(min(intent.maxWeight, 255) + 1)
            guard case .write(let edit) = verdict(on: current, for: next, since: RouteScene.now, now: RouteScene.now) else { continue }
            guard let after = try? HTTPRoute(json: edit.document) else { broken("an edited route can be read: \(edit.document)") }
            current = after
        }
        let isLinked: Bool = RouteScene.named(intent.canaryService, in: route, intent) > 0
        require(RouteScene.named(intent.canaryService, in: current, intent) == RouteScene.named(intent.canaryService, in: route, intent), "no reference is left over")
        if !isLinked {
            let (left, right) = (RouteScene.withoutEmptyMaps(route.document), RouteScene.withoutEmptyMaps(current.document))
            require(left == right, "after a release the route is as it was:\n\(left)\n\(right)")
        }
    }
}
