import Base
import Columns

/// Writes server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html).
enum ServerSentEvent {
    /// Appends an event. `data` is JSON, which has no line breaks of its own.
    static func append(_ name: String, id: String, data: JSONOutput, to arena: ByteArena) {
        arena.append("id: \(id)\nevent: \(name)\ndata: ")
        arena.append(UnsafeRawBufferPointer(data.arena.bytes))
        arena.append("\n\n")
    }

    /// Tells the client where it stands without an event, and how long to wait before it comes again: a client that is
    /// cut off before the first event resumes from here.
    static func appendStart(id: String, to arena: ByteArena) { arena.append("retry: 1000\nid: \(id)\n\n") }

    /// Keeps proxies from closing a connection on which nothing happens, and tells the client where it stands by now: of a
    /// reader whose conditions pass little, what its last event named may be gone before the next one comes.
    static func appendHeartbeat(id: String, to arena: ByteArena) { arena.append(": heartbeat\nid: \(id)\n\n") }
}
