/// The only source of time. `now` is wall time, because deadlines are stored in status fields and must survive a restart;
/// `sleep` may use any clock that keeps its promise.
public protocol ControlClock: Clock where Instant == Timestamp, Duration == Swift.Duration {}
