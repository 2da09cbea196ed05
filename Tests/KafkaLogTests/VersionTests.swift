@testable import KafkaLog
import Testing

@Suite struct VersionTests {
    @Test func `The library is 2_0_2 or later`() {
        print("librdkafka \(KafkaVersion.text)")
        let parts = KafkaVersion.text.split(separator: ".").compactMap { Int($0) }
        #expect(parts.count >= 3 && parts.lexicographicallyPrecedes([2, 0, 2]) == false)
    }
}

struct TimestampTests {
    @Test func `A client's timestamp becomes microseconds, whatever it is`() {
        let latest = Int64.max / 1_000 * 1_000
        #expect(MessageSlice.microseconds(.max) == latest)
        #expect(MessageSlice.microseconds(1_700_000_000_000_000_000) == latest)
        #expect(MessageSlice.microseconds(-1) == 0)
        #expect(MessageSlice.microseconds(5) == 5_000)
    }
}
