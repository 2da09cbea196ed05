import Base
import Columns
import HTTPTypes
import Hummingbird
import NIOCore

/// Writes one JSON document into an arena, from the outside in: `object` and `array` take what stands inside them.
final class JSONOutput {
    let arena: ByteArena
    /// Whether something stands before the next member or element.
    private var needsComma = false

    /// - Parameter capacity: how many bytes are expected.
    init(capacity: Int = 1_024) { arena = ByteArena(capacity: capacity) }

    private func separate() {
        if needsComma { arena.append(byte: UInt8(ascii: ",")) }
        needsComma = true
    }

    private func enclosed<Result>(_ open: UInt8, _ close: UInt8, _ body: () throws -> Result) rethrows -> Result {
        arena.append(byte: open)
        needsComma = false
        let result = try body()
        arena.append(byte: close)
        needsComma = true
        return result
    }

    @discardableResult
    func object<Result>(_ body: () throws -> Result) rethrows -> Result { try enclosed(UInt8(ascii: "{"), UInt8(ascii: "}"), body) }

    func array<Element>(_ elements: some Sequence<Element>, _ write: (Element) throws -> Void) rethrows {
        try enclosed(UInt8(ascii: "["), UInt8(ascii: "]")) {
            for element in elements {
                separate()
                needsComma = false
                try write(element)
                needsComma = true
            }
        }
    }

    /// An array whose elements, with the commas between them, somebody else writes.
    func elements<Result>(_ body: (ByteArena) throws -> Result) rethrows -> Result {
        try enclosed(UInt8(ascii: "["), UInt8(ascii: "]")) { try body(arena) }
    }

    /// Names the member that `body` writes.
    @discardableResult
    func field<Result>(_ name: String, _ body: () throws -> Result) rethrows -> Result {
        separate()
        JSONText.append(string: name, to: arena)
        arena.append(byte: UInt8(ascii: ":"))
        needsComma = false
        let result = try body()
        needsComma = true
        return result
    }

    func field(_ name: String, _ text: String?) { field(name) { value(text) } }
    func field(_ name: String, _ number: Int64) { field(name) { JSONText.append(int: number, to: arena) } }
    func field(_ name: String, _ number: Int) { field(name, Int64(number)) }
    func field(_ name: String, _ flag: Bool) { field(name) { arena.append(flag ? "true" : "false") } }

    func field(_ name: String, _ number: Double?) { field(name) { value(number.map(Value.double) ?? .null) } }

    /// Null where no time is known yet.
    func field(_ name: String, _ time: EventTime) {
        field(name) { if time == .earliest { value(nil) } else { JSONText.append(timestamp: time, to: arena) } }
    }

    func value(_ text: String?) {
        if let text { JSONText.append(string: text, to: arena) } else { arena.append("null") }
    }

    /// Text that is JSON already.
    func raw(_ text: String) { arena.append(text) }

    func value(_ value: Value) { JSONText.append(value, to: arena) }

    /// Ends a line of an answer of lines: what follows is a value of its own.
    func endLine() {
        arena.append(byte: UInt8(ascii: "\n"))
        needsComma = false
    }

    var buffer: ByteBuffer { ByteBuffer(bytes: UnsafeRawBufferPointer(arena.bytes)) }

    func response(status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]) -> Response {
        var headers = headers
        headers[.contentType] = "application/json"
        arena.append(byte: UInt8(ascii: "\n"))
        return Response(status: status, headers: headers, body: .init(byteBuffer: buffer))
    }
}
