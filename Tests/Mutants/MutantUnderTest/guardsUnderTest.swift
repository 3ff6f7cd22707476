import FoundationEssentials
import Safety

/// The rules that hold in this test run: all, or all but the one that `SLUICE_MUTANT` names.
///
/// Builders in tests hand it to what they build; nothing else reads the variable. A name that no rule has ends the run at
/// once, so that a misspelt mutant is not taken for one that nobody noticed.
package let guardsUnderTest: SafetyGuards = {
    guard let name = ProcessInfo.processInfo.environment["SLUICE_MUTANT"], !name.isEmpty else { return .all }
    guard let removed = SafetyGuard(rawValue: name) else { fatalError("SLUICE_MUTANT is \(name), which is no SafetyGuard") }
    return SafetyGuards(without: removed)
}()
