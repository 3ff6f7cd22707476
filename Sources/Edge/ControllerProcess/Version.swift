/// The version of Sluice.
public enum SluiceVersion {
    public static let text: String = "0.1.0"

    /// The language that the program was built with.
    static var compiler: String {
        #if swift(>=6.4)
        "swift-6.4+"
        #elseif swift(>=6.3)
        "swift-6.3"
        #else
        "swift-6.2"
        #endif
    }

    /// In the words of container images.
    static var architecture: String {
        #if arch(x86_64)
        "amd64"
        #elseif arch(arm64)
        "arm64"
        #else
        "unknown"
        #endif
    }
}
