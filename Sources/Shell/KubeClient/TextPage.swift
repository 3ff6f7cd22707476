import StrictJSON

/// One page of a list, its objects as text. They share, and keep alive, the bytes of the page.
public struct TextPage: Sendable {
    /// The objects of the page, in the server's order.
    public var items: [ArraySlice<UInt8>] = []
    /// The version of the whole list, from which to watch.
    public var resourceVersion: String = ""
    /// Nil on the last page.
    public var continueToken: String?

    /// Reads a page as a server sends it; whatever has another form than it should counts as absent.
    init(_ bytes: [UInt8]) throws(JSONError) {
        var reader = JSONReader(bytes)
        try reader.readObject { key, reader throws(JSONError) in
            switch key {
            // Go writes an empty list of items as null.
            case "items" where reader.nextKind == .array:
                items = try reader.array { reader throws(JSONError) in try reader.raw() }
            case "metadata" where reader.nextKind == .object:
                try reader.readObject { key, reader throws(JSONError) in
                    guard reader.nextKind == .string else { return }
                    switch key {
                    case "resourceVersion": resourceVersion = try reader.string()
                    case "continue":
                        let token = try reader.string()
                        continueToken = token.isEmpty ? nil : token
                    default: break
                    }
                }
            default: break
            }
        }
        try reader.finish()
    }
}
