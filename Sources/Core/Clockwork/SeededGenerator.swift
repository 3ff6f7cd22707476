/// A reproducible source of random numbers: one seed, one sequence, on every machine and in every version of this program.
///
/// The algorithm is SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014). It is for
/// simulation, jitter and names, never for secrets.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    /// The sequence of `seed`.
    public init(seed: UInt64) { state = seed }

    /// The next number of the sequence.
    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// A generator of its own for a part of the program, so that what one part draws does not move the others.
    public mutating func split() -> SeededGenerator { SeededGenerator(seed: next()) }
}

extension RandomNumberGenerator {
    /// A number from 0 to below `bound`, which must be positive; by multiplication, so that it takes one draw and is the
    /// same in every version of the standard library.
    mutating func draw(below bound: UInt64) -> UInt64 { next().multipliedFullWidth(by: bound).high }
}
