import Base
import Telemetry

struct EngineListening: InternalEvent {
    static let name = "engine_listening"
    static let level = EventLevel.info
    var address: String
    var data: String
    var message: String { "The engine answers at \(address); Ctrl-C stops it." }
    var fields: [EventField] { [EventField("address", address), EventField("data", data)] }
}

struct AddressNotWritten: InternalEvent {
    static let name = "address_not_written"
    static let level = EventLevel.warning
    var why: String
    var message: String { "Other commands will not find the engine by its data directory; tell them its address with --to." }
    var fields: [EventField] { [EventField("why", why)] }
}
