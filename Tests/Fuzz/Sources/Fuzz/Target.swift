import Glibc

/// What is fuzzed: laws that hold for every input.
struct Target: Sendable {
    /// As the command line and the folders of the corpus have it.
    var name: String
    /// Breaks off with a message where a law does not hold.
    var check: @Sendable ([UInt8]) -> Void

    /// In the order in which they are run.
    static let all: [Target] = [json, patch, yaml, document, expression, kubeconfig, watch, route]

    /// Seconds of this thread that one input of a few kilobytes may take. A thousandfold of the usual, so that only work
    /// without a bound comes so far, on a slow and instrumented build, too.
    static let patience: Double = 3

    /// Runs one input.
    func run(_ input: [UInt8]) {
        let start: Double = Self.seconds()
        check(input)
        let taken: Double = Self.seconds() - start
        require(taken < Self.patience, "the work for an input is bounded: \(input.count) bytes took \(taken) s")
    }

    private static func seconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}

/// Ends the process where a law does not hold; libFuzzer keeps the input then.
func require(_ holds: Bool, _ law: @autoclosure () -> String, file: StaticString = #fileID, line: UInt = #line) {
    if holds { return }
    complain("law broken at \(file):\(line): \(law())")
    abort()
}

/// Ends the process: something is in the way of a law that must not be.
func broken(_ text: String, file: StaticString = #fileID, line: UInt = #line) -> Never {
    complain("law broken at \(file):\(line): \(text)")
    abort()
}
