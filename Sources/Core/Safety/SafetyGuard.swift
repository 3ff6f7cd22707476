/// A rule whose absence would do harm. `R06` names what went wrong for users of other controllers without it.
///
/// `Tests/Mutants/guards.txt` says for each which test turns red when it is taken out.
package enum SafetyGuard: String, Sendable, CaseIterable {
    // MARK: Weights

    /// A weight is raised only when all pods for it are available (R06).
    case raiseBeforeRouting
    /// Pods count for a weight or a promotion only as counted since their ReplicaSet's size was last changed.
    case currentCounts
    /// A version without an available pod gets no weight (R06).
    case noPodsNoWeight
    /// Traffic returns to the stable version only as far as its available pods can carry it (R07).
    case stableCarriesReturn
    /// The weight of a superseded version goes to 0 before the next one gets any (R08).
    case supersededWeight
    /// An aborted update sends nothing to the canary, as soon as the stable version can carry it (R03).
    case abortedWeight
    /// After a promotion the route goes back to the stable Service only when that selects, and lists, the new pods.
    case stableEndpoints
    /// Of several routes none gets more weight while one of them cannot be written.
    case allRoutesOrNone

    // MARK: What routes report

    /// A weight counts when the parents report the generation that was written, not when it was sent (R01).
    case receipts
    /// A parent that has said nothing has confirmed nothing.
    case silentParents
    /// A route that a parent refuses is not in force.
    case refusedRoutes

    // MARK: Edits of routes

    /// Patches of routes name what was seen there: a route that somebody changed meanwhile is left alone (R22).
    case routePatchTests
    /// A backend of the same name in another namespace, or of another kind, is not ours to weigh (R22).
    case foreignBackends
    /// Where several rules name the stable Service alone, nobody guesses which one is meant (R22).
    case severalRules
    /// A rule that names the two Services unequally often is refused: the split would not be the one asked for.
    case unevenRules
    /// Where the record of what we added cannot be read, nothing is added or removed (R22).
    case unreadableRecord

    // MARK: Sizes

    /// The canary keeps the pods for a weight until less of it was seen in force (R01).
    case routeBeforeLowering
    /// An aborted canary keeps its pods until nothing can reach it any more (R02).
    case abortedCanaryRouted
    /// An aborted canary keeps its pods until the stable version has all of its own.
    case abortedCanaryNeeded
    /// An aborted canary keeps its pods for the delay that was asked for.
    case abortScaleDownDelay
    /// An old version keeps its pods for the delay that was asked for.
    case scaleDownDelay
    /// A delay whose end cannot be read has ended (R35).
    case unreadableDeadline
    /// What the status, a recorded weight or a Service still names keeps its pods (R02, R08).
    case referencedReplicaSets
    /// Old versions keep their pods while a route that was written is not seen in force (R01).
    case retiredAfterRoute
    /// Old versions go only as the available pods of the others allow.
    case retiredWhenSpared
    /// Never fewer available pods than `maxUnavailable` allows, by our own writes (R36).
    case maxUnavailable
    /// Never more pods than `maxSurge` allows.
    case maxSurge
    /// At most one ReplicaSet changes its size in one plan; the next one is decided by fresh numbers.
    case oneResize
    /// `spec.paused`, and an analysis that could not decide, hold all sizes.
    case haltedSizes
    /// History deletes only ReplicaSets without pods.
    case idleHistory

    // MARK: Services

    /// No Service is pointed to a version without available pods (R27).
    case availableTarget
    /// A Service that works today is not narrowed to a version whose pods are not all there.
    case adoptedService
    /// The canary Service of an aborted update stays where its weight may still lead.
    case abortedService
    /// The canary Service stays with a superseded version while a weight may lead there (R08).
    case supersededService
    /// A Service of another Rollout is left alone.
    case foreignService
    /// A Service is freed only when the API server says that its Rollout no longer names it.
    case managedService

    // MARK: Steps and promotion

    /// A `setWeight` ends when its weight is in force (R01).
    case stepReceipt
    /// A step of a canary without routes ends by the split that it asks for, when the pods of other versions are gone, and not
    /// by the sizes of one pass.
    case finalSizes
    /// The stable version is replaced only when the new one has all its pods available.
    case promotionPods
    /// The stable version is replaced only after all weight was seen to be on the new one (R40).
    case promotionReceipt
    /// `spec.paused` holds the step.
    case pausedStep
    /// A pause that has ended, or was skipped, leaves nothing of its time to the next one.
    case pauseInheritance
    /// Changed steps start over.
    case changedSteps
    /// Another template starts over; progress belongs to one version (R09, R26).
    case changedTemplate
    /// An abort begins at the first step again, so that a retry does.
    case abortedSteps
    /// An abort that came after the wish for full promotion wins (R05).
    case abortWins
    /// An abort is told once (R39).
    case abortToldOnce

    // MARK: Blue-green

    /// The active Service moves only to a version that has all its pods (R27).
    case switchPods
    /// The active Service moves only after the analysis that was asked for before (R28).
    case prePromotionGate
    /// A version counts as stable only after the analysis that was asked for behind the switch.
    case postPromotionGate
    /// The active Service moves only after the pause that was asked for.
    case promotionPause
    /// What one version has passed counts for no other (R26).
    case gatesOfOneVersion
    /// An aborted update gives the active Service back whatever its own pods do.
    case abortedSwitch
    /// A version keeps its pods while the active Service selects it.
    case activePods

    // MARK: Deadlines

    /// Another version has its own deadline for progress (R10).
    case deadlinePerVersion
    /// A spec that was invalid gets a fresh deadline when it is put right (R38).
    case deadlineAfterInvalidSpec
    /// Pods that come back after they were lost are no progress: the deadline passes over a crash loop (R12).
    case recoveredPods

    // MARK: Analysis of an update

    /// A run that failed aborts the update.
    case failedAnalysis
    /// A run that could not decide pauses for a person (R29).
    case inconclusiveAnalysis
    /// Nothing is promoted while an analysis could not decide (R29).
    case undecidedPromotion
    /// No step ends and nothing is promoted while a background measurement is overdue.
    case overdueAnalysis
    /// A run that has ended is not taken for the one that is to be made, so that after a retry the old outcome counts no more.
    case finishedAnalysis
    /// A run of another step does not end this one.
    case analysisOfStep
    /// A success that came while pods were missing does not count (R28).
    case analysisWithPods
    /// A background run measures nothing before traffic arrives at the canary.
    case analysisWithTraffic

    // MARK: Measurements

    /// More failed measurements than allowed fail a metric.
    case failureLimit
    /// More undecided measurements than allowed leave a metric undecided.
    case inconclusiveLimit
    /// More errors in a row than allowed end a metric (R32).
    case consecutiveErrorLimit
    /// A run that has ended is not measured again.
    case completedRun
    /// A metric that has ended keeps its phase.
    case completedMetric
    /// A measurement in flight is looked at again, not started a second time, also after a crash.
    case measurementInFlight
    /// Old measurements are dropped, so that the object stays small (R32).
    case measurementRetention
    /// Texts of providers are cut, so that the object stays small (R32).
    case textLimit
    /// Secrets do not stand in the status.
    case secretsMasked

    // MARK: Identity

    /// A version is found by what its template means, not by how it is spelled (R17).
    case semanticTemplates
    /// The live template has the last word, not what an annotation once said: pods may be others by now.
    case liveTemplates
    /// A ReplicaSet whose template somebody has edited until it was the wanted one is another version all the same (R18).
    case madeForTemplate
    /// A Rollout whose status was lost is not new: the version that serves is stable.
    case lostStatus
    /// A name that somebody else has is left alone, and another one taken (R16).
    case collisionCount
    /// Only ReplicaSets that nobody controls are adopted.
    case orphansOnly
    /// What a deleted or recreated Rollout had seen adopts nothing: it would be deleted with it.
    case adoptionUID
    /// An object that is there already is ours only if it is ours and the same (R16).
    case existingReplicaSet
    /// A run that is there already is used only if it is ours, the same and not over.
    case existingRun
    /// A ReplicaSet is deleted only as it was seen.
    case deletePrecondition
    /// Of two runs of one name only the one that has outlived its time is deleted.
    case runDeletePrecondition
    /// A Rollout that is being deleted is left alone.
    case deletedRollout

    // MARK: Specs

    /// A spec that cannot be carried out changes nothing.
    case invalidSpec
    /// A selector other than the one in use would let go of the pods that serve.
    case selectorConflict
    /// A selector that does not match the template's labels is refused.
    case selectorMatchesTemplate

    // MARK: Writes

    /// A status names the version that it was decided from: a user's change comes first (R13).
    case statusVersion
    /// So do annotations and replicas of the Rollout (R13).
    case rolloutVersion
    /// A size names the version of the ReplicaSet that it was decided from.
    case replicaSetVersion
    /// A selector names the version of the Service that it was decided from.
    case serviceVersion
    /// A route that is written as a whole names the version that was read (R22).
    case routeVersion
    /// The status of a run names the version that it was measured for.
    case runVersion
    /// Nothing is decided again before the caches have what was written last (R13).
    case writeBarrier
    /// A cache that has not seen a write for long is filled anew (R13).
    case lostEvents
    /// After a conflict nothing is decided before the cache has what the server has (R13).
    case conflictBarrier
    /// Nothing is decided before all caches were filled.
    case syncedCaches
    /// A route that was not listed yet is not taken for missing.
    case knownRoutes
    /// A version that the server no longer has is listed anew.
    case expiredVersion
    /// What the server's definition drops from a status is not sent again and again.
    case prunedStatus
    /// Events follow the status that they tell of (R39).
    case eventsAfterStatus
    /// A warning that stands is told once (R39).
    case warningsOnce

    // MARK: Leadership

    /// Each write asks whether the lease surely holds (R15).
    case leaderGate
    /// A lease that could not be renewed in time is given up, by this machine's clock (R15).
    case renewDeadline
    /// A clock that was set back makes leading doubtful.
    case clockSetBack
    /// A lease is expired when it has not changed for its duration; other machines' clocks do not count.
    case leaseByElapsedTime
    /// A lease is written as it was read: who wrote in between wins.
    case leaseVersion
}
