import Base
import Testing

struct EventTimeTests {
    @Test func `the epoch is 1970`() {
        #expect(EventTime("1970-01-01T00:00:00Z") == EventTime(microseconds: 0))
    }
}
