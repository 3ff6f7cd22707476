import Clockwork

/// Draws histories: the same one for the same seed, in every process and on every machine.
package struct HistoryGenerator {
    /// Everything that people do and all that goes wrong begins within so many milliseconds.
    private static let span: Int = 60_000

    private var random: SeededGenerator

    private init(seed: UInt64) { random = SeededGenerator(seed: seed &* 0x9E37_79B9_7F4A_7C15 &+ 0x1234_5678) }

    /// The history of a seed.
    package static func history(seed: UInt64) -> History {
        var generator = HistoryGenerator(seed: seed)
        let scene: TortureScene = seed % 5 == 4 ? generator.blueGreenScene() : generator.scene()
        let actions: [TimedAction] = generator.actions(scene)
        return History(seed: seed, scene: scene, actions: actions, faults: generator.faults(scene))
    }

    private mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
    private mutating func isHit(_ part: Int, of total: Int) -> Bool { Ratio(part, of: total).isHit(using: &random) }
    private mutating func one<Element>(of choices: [Element]) -> Element { choices[number(0...choices.count - 1)] }

    // MARK: The Rollout

    private mutating func scene() -> TortureScene {
        let routing: TortureScene.Routing = one(of: [.none, .none, .linked, .linked, .both])
        var scene = TortureScene(replicas: number(1...10), routing: routing, steps: [])
        for _ in 0..<number(1...5) { scene.steps.append(scene.isRouted && isHit(1, of: 7) ? scaleStep(scene.replicas) : step()) }
        if let stuck = scene.stuckStep { scene.steps.insert(.canaryScale(.matchingWeight), at: stuck) }
        if isHit(1, of: 5) { scene.backgroundFrom = number(0...scene.steps.count - 1) }
        let limits: [String?] = [nil, nil, "25%", "50%", "1", "2", "100%", "0"]
        scene.maxSurge = one(of: limits)
        scene.maxUnavailable = one(of: limits)
        if scene.maxSurge == "0", scene.maxUnavailable == "0" { scene.maxUnavailable = "1" }
        scene.abortScaleDownDelay = one(of: [nil, nil, 1, 5, 10, 0])
        if scene.isRouted { scene.scaleDownDelay = one(of: [nil, 0, 5, 10]) }
        if scene.isRouted, isHit(1, of: 6) { scene.leastPods = number(1...5) }
        if isHit(1, of: 6) { scene.threshold = isHit(1, of: 2) ? .percent(number(50...100)) : .pods(number(1...10)) }
        if isHit(1, of: 4) { scene.rollbackWindow = number(1...3) }
        scene.hasTwoControllers = isHit(1, of: 5)
        if isHit(1, of: 4) {
            // Around the server's clock, and at most a minute apart.
            scene.skews = (0..<4).map { _ in number(-30...30) }
        }
        return scene
    }

    private mutating func step() -> TortureScene.Step {
        switch number(0...9) {
        case 0...4: .setWeight(one(of: [0, 1, 5, 10, 20, 25, 33, 50, 60, 75, 90, 99, 100]))
        case 5...6: .pause(number(1...10))
        case 7: .pause(nil)
        default: isHit(1, of: 2) ? .analysis : .pause(number(1...10))
        }
    }

    private mutating func scaleStep(_ total: Int) -> TortureScene.Step {
        switch number(0...2) {
        case 0: .canaryScale(.weight(one(of: [0, 5, 25, 50, 100, 150])))
        case 1: .canaryScale(.replicas(number(0...total + 1)))
        default: .canaryScale(.matchingWeight)
        }
    }

    private mutating func blueGreenScene() -> TortureScene {
        var scene = TortureScene(replicas: number(1...8), routing: .none, steps: [])
        var blueGreen = TortureScene.BlueGreen()
        switch number(0...3) {
        case 0: blueGreen.promotion = .atOnce
        case 1...2: blueGreen.promotion = .byHand
        default: blueGreen.promotion = .after(seconds: number(1...20))
        }
        blueGreen.hasPreview = isHit(1, of: 2)
        if isHit(1, of: 3) { blueGreen.previewPods = number(1...5) }
        blueGreen.hasAnalysisBefore = isHit(1, of: 3)
        blueGreen.hasAnalysisAfter = isHit(1, of: 3)
        if isHit(1, of: 4) { blueGreen.delayedRevisions = number(0...2) }
        scene.blueGreen = blueGreen
        scene.abortScaleDownDelay = one(of: [nil, nil, 1, 5, 10, 0])
        scene.scaleDownDelay = one(of: [nil, nil, 0, 5, 10, 60])
        if isHit(1, of: 4) { scene.rollbackWindow = number(1...3) }
        scene.hasTwoControllers = isHit(1, of: 5)
        if isHit(1, of: 4) { scene.skews = (0..<4).map { _ in number(-30...30) } }
        return scene
    }

    // MARK: People

    private mutating func actions(_ scene: TortureScene) -> [TimedAction] {
        var actions: [TimedAction] = []
        if scene.hasAnalysis, isHit(1, of: 4) { actions.append(TimedAction(at: 0, .metricBad)) }
        actions.append(TimedAction(at: 0, .setImage(image(2))))
        var version: Int = 3
        var later: [TimedAction] = []
        for _ in 0..<number(0...4) {
            let at: Int = number(50...Self.span)
            let action: TimedAction.Action
            switch number(0...(scene.hasAnalysis ? 18 : 14)) {
            case 0...1:
                action = .setImage(image(version))
                version += 1
            case 2: action = .setImage("v1")
            case 3...4: action = .promote
            case 5: action = .promoteFully
            case 6...7: action = .abort
            case 8: action = .retry
            case 9...10: action = .scale(isHit(1, of: 10) ? 0 : number(1...10))
            case 11...12:
                action = .pause
                if isHit(1, of: 2) { later.append(TimedAction(at: at + number(100...30_000), .resume)) }
            case 13: action = .evict(number(1...3))
            // Which one is known when all are in order.
            case 14: action = .returnTo("")
            case 15...16: action = .metricBad
            default: action = .metricGood
            }
            later.append(TimedAction(at: at, action))
        }
        if scene.rollbackWindow != nil, isHit(1, of: 2) {
            // Back to a version before the stable one: another one has to become stable first.
            let at: Int = number(100...15_000)
            later.append(TimedAction(at: at, .promoteFully))
            later.append(TimedAction(at: at + number(2_000...40_000), .returnTo("")))
        }
        if scene.blueGreen != nil, isHit(1, of: 2) {
            // Live, and something else is asked for while the old pods are still there.
            let at: Int = number(100...25_000)
            later.append(TimedAction(at: at, isHit(1, of: 3) ? .promoteFully : .promote))
            let turn: [TimedAction.Action] = [.returnTo(""), .returnTo(""), .abort, .setImage(image(version)), .setImage(image(version + 1))]
            later.append(TimedAction(at: at + number(500...20_000), one(of: turn)))
        }
        // Sorting is not stable, so the place breaks ties.
        return named(actions + later.enumerated().sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }.map(\.element))
    }

    /// Gives each return the tag of a version that there was before.
    private mutating func named(_ actions: [TimedAction]) -> [TimedAction] {
        var named: [TimedAction] = actions
        var tags: [String] = ["v1"]
        for index in named.indices {
            switch named[index].action {
            case .setImage(let tag):
                tags.removeAll { $0 == tag }
                tags.append(tag)
            case .returnTo:
                // The last one is there now.
                let tag: String = one(of: Array(tags.dropLast()))
                named[index].action = .returnTo(tag)
                tags.removeAll { $0 == tag }
                tags.append(tag)
            default: break
            }
        }
        return named
    }

    /// A tag that says how its pods are.
    private mutating func image(_ version: Int) -> String {
        switch number(0...9) {
        case 0: "bad-\(version)"
        case 1: "slow-\(version)"
        default: "v\(version)"
        }
    }

    // MARK: Trouble

    private mutating func faults(_ scene: TortureScene) -> [TimedFault] {
        var faults: [TimedFault] = []
        for _ in 0..<number(0...4) {
            let at: Int = number(0...Self.span * 2 / 3)
            let lasts: Int = number(500...25_000)
            let fault: TimedFault.Fault
            if scene.hasTwoControllers, isHit(1, of: 4) {
                faults.append(TimedFault(at: at, lasts: lasts, .leaseOutage))
                continue
            }
            switch number(0...14) {
            case 0...10: fault = .network(NetworkFault.allCases[number(0...NetworkFault.allCases.count - 1)], oneIn: number(1...10))
            case 11: fault = .silence(resource: one(of: ["rollouts", "replicasets", "services", "httproutes", "analysisruns", "endpointslices"]))
            case 12...13: fault = .crash(afterWrites: number(1...12))
            default: fault = .freeze
            }
            switch fault {
            case .crash: faults.append(TimedFault(at: at, lasts: 0, fault))
            default: faults.append(TimedFault(at: at, lasts: lasts, fault))
            }
        }
        return faults.enumerated().sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }.map(\.element)
    }
}
