import Base
import Telemetry

// What an agent says of itself.

struct AgentStarted: InternalEvent {
    static let name = "agent_started"
    static let level = EventLevel.info
    var host: String
    var producer: String
    var engine: String
    var waitingBytes: Int
    var message: String { "The host agent collects." }
    var fields: [EventField] {
        [.init("host", host), .init("producer", producer), .init("engine", engine), .init("spool_bytes", waitingBytes)]
    }
}

struct AgentStopped: InternalEvent {
    static let name = "agent_stopped"
    static let level = EventLevel.info
    var nextSequence: Int64
    var message: String { "The host agent stopped; what is not sent yet stays in the spool." }
    var fields: [EventField] { [.init("next_sequence", nextSequence)] }
}

struct SampleTaken: InternalEvent {
    static let name = "sample_taken"
    static let level = EventLevel.debug
    var measurements: Int
    var sequence: Int64
    var nanoseconds: UInt64
    var message: String { "Took a sample." }
    var fields: [EventField] {
        [.init("measurements", measurements), .init("sequence", sequence), .init("milliseconds", Double(nanoseconds) / 1e6)]
    }
}

struct SampleLost: InternalEvent {
    static let name = "sample_lost"
    static let level = EventLevel.error
    var why: String
    var message: String { "A sample could not be kept." }
    var fields: [EventField] { [.init("why", why)] }
}

struct SpoolDropped: InternalEvent {
    static let name = "spool_dropped"
    static let level = EventLevel.warning
    var batches: Int
    var limit: Int
    var message: String { "The spool is full: its oldest batches were dropped before the engine had them." }
    var fields: [EventField] { [.init("batches", batches), .init("bytes_max", limit)] }
}

struct BatchAppended: InternalEvent {
    static let name = "batch_appended"
    static let level = EventLevel.debug
    var sequence: Int64
    var bytes: Int
    var message: String { "The engine has a batch." }
    var fields: [EventField] { [.init("sequence", sequence), .init("bytes", bytes)] }
}

struct AppendRetried: InternalEvent {
    static let name = "append_retried"
    static let level = EventLevel.warning
    var engine: String
    var why: String
    var wait: TimeSpan
    var message: String { "The engine did not take an append; it is tried again." }
    var fields: [EventField] { [.init("engine", engine), .init("why", why), .init("wait", wait.inTenths)] }
}

struct AppendRefused: InternalEvent {
    static let name = "append_refused"
    static let level = EventLevel.error
    var why: String
    var wait: TimeSpan
    var message: String { "The engine refuses the agent's records; they stay in the spool and are offered again." }
    var fields: [EventField] { [.init("why", why), .init("wait", wait.inTenths)] }
}

struct ProducerResynced: InternalEvent {
    static let name = "producer_resynced"
    static let level = EventLevel.warning
    var producer: String
    var sent: Int64
    var expected: Int64
    var step: String
    var message: String { "The engine waits for another number than the agent sent." }
    var fields: [EventField] {
        [.init("producer", producer), .init("sent", sent), .init("expected", expected), .init("step", step)]
    }
}

extension TimeSpan {
    /// In tenths of a second: nobody waits by the microsecond.
    fileprivate var inTenths: TimeSpan { .milliseconds((microseconds + 50_000) / 100_000 * 100) }
}
