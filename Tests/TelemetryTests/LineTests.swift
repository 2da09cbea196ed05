import Base
import Logging
import Synchronization
import Testing

@testable import Telemetry

struct OrderShipped: InternalEvent {
    static let name = "order_shipped"
    static let level = EventLevel.info
    var to: String
    var parcels: Int
    var message: String { "Shipped an order." }
    var fields: [EventField] {
        [.init("to", to), .init("parcels", parcels), .init("weight", 1.5), .init("express", true), .init("took", TimeSpan.seconds(90))]
    }
    var effects: [MetricEffect] { [.add(parcels, to: .parcels, ["to": to]), .set(1.5, of: .weight)] }
}

/// Keeps what was written.
final class Lines: Sendable {
    private let text = Mutex("")
    var output: LineOutput { LineOutput { line in self.text.withLock { $0 += line } } }
    var written: String { text.withLock { $0 } }
}

private func line(_ format: LineFormat, level: EventLevel = .info, _ event: OrderShipped) -> String {
    let lines = Lines()
    var handler = LineLogHandler(format: format, clock: ManualClock(EventTime(seconds: 1_767_571_200)), output: lines.output)
    handler.logLevel = level.logLevel
    let logger = Logger(label: "test", factory: { [handler] _ in handler })
    Telemetry.write(event, to: logger)
    return lines.written
}

@Test func `an event becomes a text line with its time, level, name and fields in order`() {
    #expect(
        line(.text, OrderShipped(to: "Rome", parcels: 2))
            == "2026-01-05T00:00:00Z info    order_shipped: Shipped an order. to=Rome parcels=2 weight=1.5 express=true took=1m30s\n")
}

@Test func `an event becomes a JSON line in which numbers stay numbers`() {
    #expect(
        line(.json, OrderShipped(to: "Rome", parcels: 2))
            == #"{"time":"2026-01-05T00:00:00Z","level":"info","event":"order_shipped","message":"Shipped an order.","#
            + #""to":"Rome","parcels":2,"weight":1.5,"express":true,"took":"1m30s"}"# + "\n")
}

@Test func `a value with spaces, quotes or line breaks is quoted and stays on its line`() {
    let event = OrderShipped(to: "New \"York\"\n", parcels: 1)
    #expect(line(.text, event).contains(#" to="New \"York\"\n" parcels=1"#))
    #expect(line(.json, event).contains(#""to":"New \"York\"\n","parcels":1"#))
    #expect(line(.text, event).filter { $0 == "\n" }.count == 1)
}

@Test func `an event below the wanted level writes nothing`() {
    #expect(line(.text, level: .warning, OrderShipped(to: "Rome", parcels: 2)) == "")
}

@Test func `what a library logs is a line too, its metadata by name`() {
    let lines = Lines()
    let handler = LineLogHandler(format: .json, clock: ManualClock(EventTime(seconds: 0)), output: lines.output)
    let logger = Logger(label: "library", factory: { _ in handler })
    logger.warning("Two\nlines", metadata: ["b": "2", "a": "1"])
    #expect(
        lines.written
            == #"{"time":"1970-01-01T00:00:00Z","level":"warning","message":"Two\nlines","a":"1","b":"2"}"# + "\n")
}

@Test func `JSON text escapes what must be escaped and writes null for what JSON cannot say`() {
    #expect(LineJSON.quoted("a\u{1}\"\\\u{2028}é") == #""a\u0001\"\\\u2028é""#)
    #expect(LineJSON.number(.infinity) == "null")
    #expect(LineJSON.number(0.25) == "0.25")
}
