public import Base

/// The fleet's measurements as events, JSON lines in the schema `resource-metric`: all machines of a step, one after another,
/// and then those of the next step.
///
/// A *row* is one machine at one step, counted from 0 through all steps; it has six events, or none while the machine is
/// silent. What a row says depends on its number alone, so that any range of rows may be made by itself.
public struct MetricEvents: Sendable {
    /// As the host agent names and measures them. Those of disk and network are bytes since the step before.
    public static let metrics: [(name: String, unit: String)] = [
        ("system.cpu.utilization", "1"), ("system.memory.utilization", "1"), ("system.disk.io.read", "By"), ("system.disk.io.write", "By"),
        ("system.network.io.receive", "By"), ("system.network.io.transmit", "By"),
    ]

    /// Some rows' events.
    public struct Batch: Sendable {
        public var lines: [UInt8]
        public var eventCount: Int
    }

    public let fleet: Fleet
    public let start: EventTime
    public let step: TimeSpan
    /// What a line begins with, by machine, and what comes before and after its value, by metric.
    private var heads = TextPieces()
    private var middles = TextPieces()
    private var tails = TextPieces()

    /// - Parameter step: whole seconds, 1 or more, up to a day. - Complexity: O(machines).
    public init(_ fleet: Fleet, start: EventTime, step: TimeSpan) {
        precondition(step.microseconds % 1_000_000 == 0 && step >= .seconds(1) && step <= .days(1), "a step is whole seconds up to a day")
        self.fleet = fleet
        self.start = start
        self.step = step
        for machine in fleet.machines { heads.append(#"{"resource_id":""# + machine.id + #"","observed_at":""#) }
        for (name, unit) in Self.metrics {
            middles.append(#"","metric":""# + name + #"","value":"#)
            tails.append(#","unit":""# + unit + "\"}\n")
        }
    }

    public var rowsPerStep: Int { fleet.machines.count }
    public var eventsPerRowMax: Int { Self.metrics.count }
    /// No line is longer.
    public var lineBytesMax: Int { heads.longest + EventTime.textBytesMax + middles.longest + 16 + tails.longest }

    public func time(ofStep number: Int) -> EventTime { start + TimeSpan(microseconds: Int64(number) * step.microseconds) }
    public func time(ofRow row: Int) -> EventTime { time(ofStep: row / rowsPerStep) }

    /// The rows' events. - Complexity: O(rows), about a microsecond a row; one allocation.
    public func batch(_ rows: Range<Int>) -> Batch {
        var eventCount = 0
        let lines = [UInt8](unsafeUninitializedCapacity: rows.count * eventsPerRowMax * lineBytesMax) { room, count in
            guard let base = room.baseAddress, !rows.isEmpty else { return }
            var text = EventText(base)
            withPieces { pieces in
                withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 2 * EventTime.textBytesMax) { times in
                    eventCount = write(rows, pieces, times: times.baseAddress.unsafelyUnwrapped, to: &text)
                }
            }
            count = text.end - base
        }
        return Batch(lines: lines, eventCount: eventCount)
    }

    private struct Pieces {
        let heads: UnsafePointer<UInt8>
        let middles: UnsafePointer<UInt8>
        let tails: UnsafePointer<UInt8>
    }

    private func withPieces<R>(_ body: (Pieces) -> R) -> R {
        heads.withBytes { heads in
            middles.withBytes { middles in
                tails.withBytes { tails in body(Pieces(heads: heads, middles: middles, tails: tails)) }
            }
        }
    }

    /// - Parameter times: room for two times' texts: the step's, and that of a wrong clock.
    private func write(_ rows: Range<Int>, _ pieces: Pieces, times: UnsafeMutablePointer<UInt8>, to text: inout EventText) -> Int {
        var events = 0
        let wrongTimes = times + EventTime.textBytesMax
        let stepSeconds = step.seconds
        var number = rows.lowerBound / rowsPerStep, machine = rows.lowerBound % rowsPerStep
        var left = rows.count
        while left > 0 {
            let time = time(ofStep: number)
            let seconds = floorDivided(time.microseconds, by: 1_000_000)
            let stepTime = UnsafeBufferPointer(start: times, count: time.write(to: times))
            let end = min(rowsPerStep, machine + left)
            left -= end - machine
            for machine in machine..<end where !fleet.faults[machine].isSilent(seconds) {
                let offset = fleet.faults[machine].clockOffset(seconds)
                var shown = stepTime
                if offset != 0 { shown = UnsafeBufferPointer(start: wrongTimes, count: (time + .seconds(offset)).write(to: wrongTimes)) }
                write(fleet.loads[machine].sample(seconds), of: machine, time: shown, stepSeconds, pieces, to: &text)
                events += Self.metrics.count
            }
            machine = 0
            number += 1
        }
        return events
    }

    @inline(__always)
    private func write(
        _ sample: LoadSample, of machine: Int, time: UnsafeBufferPointer<UInt8>, _ stepSeconds: Double, _ pieces: Pieces,
        to text: inout EventText
    ) {
        let head = heads.piece(machine, of: pieces.heads)
        @inline(__always)
        func line(_ metric: Int, _ put: (inout EventText) -> Void) {
            text.put(head)
            text.put(time)
            text.put(middles.piece(metric, of: pieces.middles))
            put(&text)
            text.put(tails.piece(metric, of: pieces.tails))
        }
        line(0) { $0.putShare(sample.processor) }
        line(1) { $0.putShare(sample.memory) }
        line(2) { $0.putCount(sample.diskRead * stepSeconds) }
        line(3) { $0.putCount(sample.diskWritten * stepSeconds) }
        line(4) { $0.putCount(sample.networkReceived * stepSeconds) }
        line(5) { $0.putCount(sample.networkTransmitted * stepSeconds) }
    }
}
