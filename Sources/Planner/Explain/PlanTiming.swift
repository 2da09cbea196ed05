public import Base
import Columns
import Operators
import Stores

/// When a stream's rows come, counted from the events they are made of.
public struct StreamTiming: Hashable, Sendable {
    /// How long after an event, in event time, the last window that takes it in ends; zero where no window lies on the way.
    public var windowed: TimeSpan
    /// How far the watermark stays behind the source's events; zero where no window lies on the way.
    public var outOfOrder: TimeSpan
    /// The windows on the way, first to last.
    public var windows: [TimeSpan]
    /// How many times the rows go through an internal topic on the way, where they wait for a commit each time.
    public var hops = 0

    /// The longest that a row takes after an event of its own, while events keep coming, until it is committed.
    public func latencyMax(commitInterval: TimeSpan) -> TimeSpan {
        TimeSpan(microseconds: windowed.microseconds + outOfOrder.microseconds + commitInterval.microseconds * Int64(1 + hops))
    }
}

extension Plan {
    /// 1. A window of size S ends at most S after an event.
    /// 2. The rows of a window all have the times of its ends, multiples of S. Where the next window's size is a multiple
    ///    of S too, it ends at most the difference of both later, and at the same watermark; where S is a multiple of the
    ///    next size, it ends at the same time; else it may end a whole size of its own later.
    public func timing(of input: PlanInput) -> StreamTiming {
        if case .hop(let index) = input {
            var timing = timing(of: hops[index].input)
            timing.hops += 1
            return timing
        }
        guard case .stream(let index) = input else { return StreamTiming(windowed: .zero, outOfOrder: .zero, windows: []) }
        let stream = streams[index]
        var timing = timing(of: stream.input)
        guard case .window(let window) = stream.definition else { return timing }
        let size = window.size.microseconds
        if let before = timing.windows.last?.microseconds {
            let wait = size % before == 0 ? size - before : before % size == 0 ? 0 : size
            timing.windowed.microseconds += wait
        } else {
            timing.windowed = window.size
            timing.outOfOrder = sources[stream.sources[0]].outOfOrder
        }
        timing.windows.append(window.size)
        return timing
    }

    /// How many of a window stream's windows can be open at once. The watermark stays `out_of_order` behind the latest
    /// event, and the windows from the one that holds it up to the one of that event are open. Rows of another window
    /// come in the order of time, so that only the one window that holds the watermark is open. Nil: no window, or one
    /// behind a hop, where as many are open as the tasks before it are apart.
    public func openWindowsMax(of stream: Int) -> Int? {
        guard case .window(let window) = streams[stream].definition else { return nil }
        if case .hop = streams[stream].input { return nil }
        guard timing(of: streams[stream].input).windows.isEmpty else { return 1 }
        if case .hop = streams[stream].origin { return nil }
        let size = window.size.microseconds, behind = sources[streams[stream].sources[0]].outOfOrder.microseconds
        return Int((behind + size - 1) / size) + 1
    }

    /// The columns of the partition key that a stream's groups lack: while there are some, rows of one group lie in several
    /// partitions and have to hop through an internal topic. Empty: the work is local. Nil: the stream groups nothing.
    public func hopColumns(of stream: Int) -> [String]? {
        guard case .window(let window) = streams[stream].definition else { return nil }
        guard case .hop(let hop) = streams[stream].input, !hops[hop].isRekeying else { return [] }
        let input = hops[hop].input
        // A select that drops the key leaves nothing to tell the partition by.
        guard let key = partitionKey(of: input) else { return keyPaths(of: origin(of: input)) }
        return key.filter { !window.by.contains($0) }.map { hops[hop].type.columns[$0].path }
    }

    /// What the input's rows are partitioned by; empty where that has been dropped.
    func keyPaths(of input: PlanInput) -> [String] {
        let type = type(of: input)
        return (partitionKey(of: input) ?? []).map { type.columns[$0].path }
    }

    func keyPaths(ofSource index: Int) -> [String] { sources[index].keyColumns.map { sources[index].type.columns[$0].path } }

    /// The streams, outputs and views that read the input, as `stream x`, `view y`, in the plan's order.
    public func readers(of input: PlanInput) -> [String] {
        func reads(_ reader: PlanInput) -> Bool {
            if case .hop(let hop) = reader { reads(hops[hop].input) } else { reader == input }
        }
        return streams.filter { reads($0.input) }.map { "stream " + $0.name }
            + outputs.filter { reads($0.input) }.map { "output " + $0.name }
            + views.filter { reads($0.input) }.map { "view " + $0.definition.name }
    }
}
