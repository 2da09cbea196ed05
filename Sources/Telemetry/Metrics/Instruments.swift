import Metrics
import Synchronization

/// One series of a counter. Adding is one atomic instruction.
final class CounterInstrument: CounterHandler {
    private let count = Atomic<Int64>(0)

    /// A counter never falls: negative amounts are passed over.
    func increment(by amount: Int64) {
        if amount > 0 { count.wrappingAdd(amount, ordering: .relaxed) }
    }

    /// swift-metrics asks for it; for Prometheus a counter that falls is a process that started anew.
    func reset() { count.store(0, ordering: .relaxed) }

    var value: Int64 { count.load(ordering: .relaxed) }
}

/// One series of a gauge: the value's bits in an atomic word.
final class GaugeInstrument: MeterHandler, RecorderHandler {
    private let bits = Atomic<UInt64>(Double.zero.bitPattern)

    var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }

    func set(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }
    func set(_ value: Int64) { set(Double(value)) }
    func record(_ value: Double) { set(value) }
    func record(_ value: Int64) { set(Double(value)) }
    func decrement(by amount: Double) { increment(by: -amount) }

    func increment(by amount: Double) {
        var old = bits.load(ordering: .relaxed)
        while true {
            let new = (Double(bitPattern: old) + amount).bitPattern
            let (done, seen) = bits.weakCompareExchange(expected: old, desired: new, ordering: .relaxed)
            if done { return }
            old = seen
        }
    }
}

/// One series of a histogram. A lock keeps its counts and its sum together, so that a scrape never sees one without the
/// other; it is held for a search among a dozen bounds.
final class HistogramInstrument: TimerHandler, RecorderHandler {
    struct Reading: Equatable {
        /// Values at or below each bound, and last all values: cumulative, as Prometheus wants them.
        var cumulative: [Int]
        var sum: Double
    }

    let bounds: [Double]
    private struct State {
        var counts: [Int]
        var sum = 0.0
    }
    private let state: Mutex<State>

    /// - Parameter bounds: ascending.
    init(bounds: [Double]) {
        self.bounds = bounds
        state = Mutex(State(counts: Array(repeating: 0, count: bounds.count + 1)))
    }

    /// Seconds, whatever unit the caller had.
    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }
    func record(_ value: Int64) { record(Double(value)) }

    func record(_ value: Double) {
        // A value that equals a bound belongs below it; what is no number belongs nowhere.
        guard !value.isNaN else { return }
        let range = bounds.firstIndex { value <= $0 } ?? bounds.count
        state.withLock {
            $0.counts[range] += 1
            $0.sum += value
        }
    }

    var reading: Reading {
        let state = state.withLock { $0 }
        var total = 0
        let cumulative = state.counts.map { count in
            total += count
            return total
        }
        return Reading(cumulative: cumulative, sum: state.sum)
    }
}
