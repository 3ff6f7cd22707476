import StrictJSON
import Testing

@Test func layoutAndRoundTrip() throws {
    print(MemoryLayout<JSONValue>.size, MemoryLayout<JSONObject>.size, MemoryLayout<JSONNumber>.size)
    let text = #"{"a":[1,2.5,-3,"x\né😀",true,null,{}],"b":{"c":12345678901234567890,"d":1e400,"e":0.1}}"#
    let value = try JSONValue(parsing: text)
    #expect(value.text() == text)
    var reader = JSONReader(Array(text.utf8))
    #expect(try reader.digestOfNextValue() == value.structuralDigest)
}
