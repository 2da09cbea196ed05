import Base
import Testing

@testable import Runtime

@Suite struct NoticeLimiterTests {
    private func at(_ seconds: Int64) -> EventTime { EventTime(seconds: seconds) }

    @Test func `the first is told at once, the next ones once a minute with their number`() {
        var limiter = NoticeLimiter<String>()
        #expect(limiter.note("a", 3, now: at(0)) == 3)
        #expect(limiter.note("a", 1, now: at(10)) == nil)
        #expect(limiter.note("a", 4, now: at(59)) == nil)
        #expect(limiter.note("b", 1, now: at(59)) == 1)
        #expect(limiter.note("a", 1, now: at(60)) == 6)
        #expect(limiter.note("a", 0, now: at(200)) == nil)
    }

    @Test func `what waits is told when its minute is over, although nothing more happens, and at the end at once`() {
        var limiter = NoticeLimiter<String>()
        _ = limiter.note("a", 1, now: at(0))
        _ = limiter.note("a", 2, now: at(1))
        #expect(limiter.due(now: at(59)).isEmpty)
        #expect(limiter.due(now: at(60)).map(\.count) == [2])
        #expect(limiter.due(now: at(200)).isEmpty)
        _ = limiter.note("a", 5, now: at(61))
        #expect(limiter.due(now: nil).map(\.count) == [5])
        #expect(limiter.due(now: nil).isEmpty)
    }

    @Test func `over any course of happenings none is told twice and none is kept back for ever`() {
        var random = SeededRandom(seed: 11), limiter = NoticeLimiter<Int>(), seconds: Int64 = 0
        var happened = 0, told = 0, lines = 0
        for _ in 0..<5_000 {
            seconds += Int64(random.below(5))
            let count = Int(random.below(3))
            happened += count
            if let some = limiter.note(Int(random.below(2)), count, now: at(seconds)) { (told, lines) = (told + some, lines + 1) }
            for (_, some) in limiter.due(now: at(seconds)) { (told, lines) = (told + some, lines + 1) }
        }
        told += limiter.due(now: nil).reduce(0) { $0 + $1.count }
        #expect(told == happened)
        #expect(lines <= 2 * (Int(seconds) / 60 + 1))
    }
}
