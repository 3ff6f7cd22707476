import Clockwork

/// A length of time for people: two units at most, fewer the longer it is.
///
/// - SeeAlso: Kubernetes, `k8s.io/apimachinery/pkg/util/duration`, `HumanDuration`.
func humanDuration(_ duration: Duration) -> String {
    let nanoseconds: Int64 = duration.saturatedNanoseconds
    let seconds: Int64 = nanoseconds / 1_000_000_000
    if seconds < -1 { return "<invalid>" }
    // Clocks of two machines differ a little.
    if seconds < 0 || nanoseconds < 0 { return "0s" }
    if seconds < 2 * 60 { return "\(seconds)s" }
    let minutes: Int64 = seconds / 60
    if minutes < 10 { return "\(minutes)m" + unit(seconds % 60, "s") }
    if minutes < 3 * 60 { return "\(minutes)m" }
    let hours: Int64 = minutes / 60
    if hours < 8 { return "\(hours)h" + unit(minutes % 60, "m") }
    if hours < 48 { return "\(hours)h" }
    let days: Int64 = hours / 24
    if days < 8 { return "\(days)d" + unit(hours % 24, "h") }
    if days < 2 * 365 { return "\(days)d" }
    let years: Int64 = days / 365
    if years < 8 { return "\(years)y" + unit(days % 365, "d") }
    return "\(years)y"
}

/// How old something is; `<unknown>` where its creation is not recorded.
func age(since creation: Timestamp?, now: Timestamp) -> String {
    creation.map { humanDuration($0.duration(to: now)) } ?? "<unknown>"
}

private func unit(_ count: Int64, _ name: String) -> String { count == 0 ? "" : "\(count)\(name)" }
