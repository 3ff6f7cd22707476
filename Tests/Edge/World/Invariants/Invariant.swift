import Clockwork

/// What must hold whatever happens. `docs/invariants.md` says the same at more length, under the same names.
///
/// Those at a write are judged on the server's true state within each of our writes: we never made it worse than the rule allows.
/// Those at rest hold without excuse once trouble has ended and everything has come to a standstill.
package enum Invariant: String, Sendable, CaseIterable {
    // At each of our writes.
    case weightNeedsReadyPods, weightWithinCapacity, selectorNeedsReadyPods, servingKeepsPods, availabilityFloor, surgeCeiling
    case switchIsComplete, gatesHold, wayBackStays
    case promotionIsComplete, abortIsObeyed, pauseIsObeyed, pausesLast, stepsInOrder, failedAnalysisStops
    case alarmsAreTrue, userChangesStay, foreignPartsStay, oneReplicaSetPerVersion, oneRunAtATime, noFlapping, oneLeaderWrites
    // At rest.
    case settles, sizesAsAsked, routeAsAsked, servicesAsAsked, lastWishWins, noStrayRuns, statusIsTrue, staysQuiet

    /// Whether it is judged at rest, not at writes.
    package var isAtRest: Bool {
        switch self {
        case .settles, .sizesAsAsked, .routeAsAsked, .servicesAsAsked, .lastWishWins, .noStrayRuns, .statusIsTrue, .staysQuiet: true
        default: false
        }
    }
}

/// An invariant that did not hold, and what was found instead.
package struct Violation: Sendable, Equatable, CustomStringConvertible {
    package var invariant: Invariant
    package var words: String
    package var at: Timestamp

    package init(_ invariant: Invariant, _ words: String, at: Timestamp) {
        self.invariant = invariant
        self.words = words
        self.at = at
    }

    package var description: String { "\(invariant.rawValue) at \(at.rfc3339): \(words)" }
}
