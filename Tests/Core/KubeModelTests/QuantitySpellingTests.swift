import KubeModel
import Testing

@Suite("How the API server spells quantities") struct QuantitySpellingTests {
    @Test("without a fraction, with the largest suffix", arguments: [
        ("1000m", "1"), ("1500m", "1500m"), ("0.5", "500m"), ("2.5", "2500m"), ("1024Mi", "1Gi"), ("1.5Gi", "1536Mi"), ("100Mi", "100Mi"),
        ("0", "0"), ("1e3", "1e3"), ("1000", "1k"), ("1000000", "1M"), ("512Ki", "512Ki"), ("-1000m", "-1"),
    ])
    func spelling(_ written: String, _ served: String) throws {
        #expect(try #require(Quantity(written)).servedText == served)
    }
}
