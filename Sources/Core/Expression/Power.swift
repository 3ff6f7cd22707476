/// Powers of floats without a C library: exact for whole exponents as far as repeated multiplication is, and within a
/// few units of the last place for others.
enum Power {
    static func raise(_ base: Double, to exponent: Double) -> Double {
        if exponent == 0 || base == 1 { return 1 }
        if exponent == 1 { return base }
        if base.isNaN || exponent.isNaN { return .nan }
        if base == 0 { return power(ofZero: base, exponent) }
        if exponent.isInfinite {
            if base == -1 { return 1 }
            return (abs(base) < 1) == (exponent > 0) ? 0 : .infinity
        }
        if base.isInfinite {
            if base < 0 { return raise(1 / base, to: -exponent) }          // -0
            return exponent < 0 ? 0 : .infinity
        }
        if exponent == 0.5 { return base.squareRoot() }
        if exponent == -0.5 { return 1 / base.squareRoot() }
        let whole = abs(exponent).rounded(.towardZero)
        var fraction = abs(exponent) - whole
        if fraction != 0 && base < 0 { return .nan }
        if whole >= 0x1p63 {
            if base == -1 { return 1 }
            return (abs(base) < 1) == (exponent > 0) ? 0 : .infinity
        }
        // base = mantissa · 2^scale, so that neither overflows before the end; a fraction above one half is taken from below.
        var steps = Int64(whole)
        if fraction > 0.5 { (fraction, steps) = (fraction - 1, steps + 1) }
        var mantissa = fraction == 0 ? 1 : exponential(fraction * logarithm(base))
        var scale: Int64 = 0
        var (factor, factorScale) = split(base)
        while steps != 0 {
            if factorScale < -1 << 12 || 1 << 12 < factorScale { scale += factorScale; break }
            if steps & 1 == 1 { (mantissa, scale) = (mantissa * factor, scale + factorScale) }
            (factor, factorScale) = (factor * factor, factorScale << 1)
            if abs(factor) < 0.5 { (factor, factorScale) = (factor + factor, factorScale - 1) }
            steps >>= 1
        }
        if exponent < 0 { (mantissa, scale) = (1 / mantissa, -scale) }
        return scaled(mantissa, scale)
    }

    private static func power(ofZero base: Double, _ exponent: Double) -> Double {
        let isOdd = exponent.magnitude < 0x1p53 && exponent == exponent.rounded(.towardZero) && Int64(exponent) & 1 == 1
        if exponent < 0 { return isOdd && base.sign == .minus ? -.infinity : .infinity }
        return isOdd ? base : 0
    }

    /// Mantissa within 0.5..<1 and binary exponent.
    private static func split(_ value: Double) -> (Double, Int64) {
        let exponent = Int64(value.exponent) + 1
        return (value.significand / 2 * (value < 0 ? -1 : 1), exponent)
    }

    private static func scaled(_ mantissa: Double, _ scale: Int64) -> Double {
        let bounded = Int(max(-3000, min(3000, scale)))
        return Double(sign: .plus, exponent: bounded / 2, significand: 1) * mantissa
            * Double(sign: .plus, exponent: bounded - bounded / 2, significand: 1)
    }

    private static let ln2High = 0x1.62e42fee00000p-1
    private static let ln2Low = 0x1.a39ef35793c76p-33

    /// Natural logarithm of a positive number: by the series of the inverse hyperbolic tangent around 1.
    static func logarithm(_ value: Double) -> Double {
        var (mantissa, exponent) = split(value)
        if mantissa < 0.7071067811865476 { (mantissa, exponent) = (mantissa * 2, exponent - 1) }
        let z = (mantissa - 1) / (mantissa + 1)
        let square = z * z
        var sum = 0.0
        for k in stride(from: 27, through: 3, by: -2) { sum = (sum + 1 / Double(k)) * square }
        let k = Double(exponent)
        return k * ln2High + (2 * z + (2 * z * sum + k * ln2Low))
    }

    /// e to the power of a number: by its series on what is left after whole powers of two.
    static func exponential(_ value: Double) -> Double {
        if value > 710 { return .infinity }
        if value < -746 { return 0 }
        let k = (value / (ln2High + ln2Low)).rounded()
        let high = value - k * ln2High
        let rest = high - k * ln2Low
        var sum = 0.0
        for n in stride(from: 20, through: 1, by: -1) { sum = (sum + 1) * rest / Double(n) }
        return scaled(1 + sum, Int64(k))
    }
}
