import Expression

/// The UTF-8 of a text in Base64, with padding.
public func base64(_ text: String) -> String { Base64Text.encoded(Array(text.utf8)) }
