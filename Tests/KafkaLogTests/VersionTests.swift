import KafkaLog
import Testing

@Suite struct VersionTests {
    @Test func `The library is 2_0_2 or later`() {
        print("librdkafka \(KafkaVersion.text)")
        let parts = KafkaVersion.text.split(separator: ".").compactMap { Int($0) }
        #expect(parts.count >= 3 && parts.lexicographicallyPrecedes([2, 0, 2]) == false)
    }
}
