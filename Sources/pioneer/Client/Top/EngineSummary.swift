import Base

/// What an engine does, over all its topologies, in a few figures.
struct EngineSummary {
    /// Events a second: of each input once, however many topologies read it.
    var eventsPerSecond: Double
    /// The least over the topologies; nil before the first record.
    var watermark: EventTime?
    var lagRecords: Int
    var lagSeconds: Double
    var windowsOpen: Int
    var windowsClosed: Int
    var late: Int
    var deadLetters: Int
    var cores: Double
    var status: StatusAnswer

    init(_ status: StatusAnswer, rates: SummaryRates) {
        self.status = status
        let figures = status.topologies.map(\.figures)
        eventsPerSecond = rates.eventsPerSecond ?? figures.map(\.recordsPerSecond).max() ?? 0
        cores = rates.cores ?? (status.uptimeSeconds > 0 ? status.cpuSeconds / status.uptimeSeconds : 0)
        watermark = status.topologies.compactMap(\.watermark.time).min()
        lagRecords = figures.reduce(0) { $0 + $1.lagRecords }
        lagSeconds = figures.map(\.lagSeconds).max() ?? 0
        windowsOpen = figures.reduce(0) { $0 + $1.openWindows }
        windowsClosed = figures.reduce(0) { $0 + $1.windowsClosed }
        late = figures.reduce(0) { $0 + $1.late }
        deadLetters = figures.reduce(0) { $0 + $1.deadLetters }
    }
}

/// Rates from one answer to the next, over the last seconds.
struct SummaryRates {
    private struct Reading {
        var at: EventTime
        var events: Int
        var cpuSeconds: Double
    }

    private var readings: [Reading] = []
    private static let span = TimeSpan.seconds(5)

    /// Nil until there are two readings apart.
    private(set) var eventsPerSecond: Double?
    private(set) var cores: Double?

    mutating func add(_ status: StatusAnswer) {
        // How far the reader that is furthest has come in each input.
        var ends: [String: Int] = [:]
        for input in status.topologies.flatMap(\.tasks).flatMap(\.inputs) where !input.isHop {
            ends[input.holder.input] = max(ends[input.holder.input] ?? 0, input.nextOffset)
        }
        let reading = Reading(at: status.readAt, events: ends.values.reduce(0, +), cpuSeconds: status.cpuSeconds)
        // An engine that was started again counts its processor time from nothing.
        if let last = readings.last, last.cpuSeconds > reading.cpuSeconds || last.at >= reading.at { readings = [] }
        readings.append(reading)
        while readings.count > 2, readings[1].at <= reading.at - Self.span { readings.removeFirst() }
        guard let first = readings.first, readings.count > 1 else {
            eventsPerSecond = nil
            cores = nil
            return
        }
        let seconds = (reading.at - first.at).seconds
        eventsPerSecond = Double(max(0, reading.events - first.events)) / seconds
        cores = (reading.cpuSeconds - first.cpuSeconds) / seconds
    }
}
