import Base
import CRdKafka
import Synchronization
import Telemetry

/// One client instance of librdkafka, with its threads and connections; destroyed with this object at the latest.
///
/// What librdkafka would print goes to Telemetry. Errors of connections have no call they belong to: the last one is kept,
/// because it tells why a call timed out.
final class KafkaHandle: @unchecked Sendable {
    enum Kind {
        case consumer, producer
    }

    /// Valid until `close`.
    let pointer: OpaquePointer
    let sink: KafkaLogSink
    private let isClosed = Atomic<Bool>(false)

    /// - Parameters:
    ///   - name: tells the client apart in log lines: `reader`, `tasks of usage`.
    ///   - own: properties the engine decides, after those of the user.
    ///   - context: what callbacks find by `KafkaLogSink.context`; kept alive as long as the client.
    ///   - prepare: sets callbacks and events in the configuration.
    /// - Throws: `kafka.property` also for values that do not go together.
    init(
        _ kind: Kind, name: String, _ properties: KafkaProperties, own: [(name: String, value: String)],
        context: (any AnyObject & Sendable)? = nil, prepare: (OpaquePointer) -> Void = { _ in }
    ) throws(EngineError) {
        let configuration = try properties.configuration(own)
        sink = KafkaLogSink(client: name, context: context)
        rd_kafka_conf_set_opaque(configuration, Unmanaged.passUnretained(sink).toOpaque())
        rd_kafka_conf_set_log_cb(configuration) { instance, level, facility, text in
            guard let instance, let opaque = rd_kafka_opaque(instance), let facility, let text else { return }
            Unmanaged<KafkaLogSink>.fromOpaque(opaque).takeUnretainedValue()
                .note(level: level, facility: String(cString: facility), String(cString: text))
        }
        prepare(configuration)
        let (instance, said) = KafkaText.filled { text, size in
            rd_kafka_new(kind == .consumer ? RD_KAFKA_CONSUMER : RD_KAFKA_PRODUCER, configuration, text, size)
        }
        guard let instance else {
            rd_kafka_conf_destroy(configuration)
            throw EngineError(
                .kafkaProperty, .user, "librdkafka refuses the properties: \(said)",
                remedy: "Change the property it names; the meanings are in librdkafka's CONFIGURATION.md.")
        }
        pointer = instance
    }

    deinit { close() }

    /// Ends the client: waits for its threads. Every queue, message and topic of it must have been given back before.
    /// A consumer stays in its group until its session ends.
    func close() {
        guard !isClosed.exchange(true, ordering: .acquiringAndReleasing) else { return }
        rd_kafka_destroy_flags(pointer, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE)
    }

    /// An error with what the connections told last, where the code alone says no more than that time has passed.
    func error(_ code: rd_kafka_resp_err_t, _ doing: String, said: String? = nil) -> EngineError {
        sink.explain(KafkaErrors.error(code, doing, said: said))
    }

    func error(taking error: OpaquePointer, _ doing: String) -> EngineError {
        sink.explain(KafkaErrors.error(taking: error, doing))
    }

    func check(_ code: rd_kafka_resp_err_t, _ doing: @autoclosure () -> String) throws(EngineError) {
        if code != RD_KAFKA_RESP_ERR_NO_ERROR { throw error(code, doing()) }
    }

    func check(_ error: OpaquePointer?, _ doing: @autoclosure () -> String) throws(EngineError) {
        if let error { throw self.error(taking: error, doing()) }
    }
}

/// Where a client's log lines go.
final class KafkaLogSink: Sendable {
    private let client: String
    /// The last line that told of a failed connection.
    private let lastFailure = Mutex<String?>(nil)

    private let context: (any AnyObject & Sendable)?

    init(client: String, context: (any AnyObject & Sendable)? = nil) {
        self.client = client
        self.context = context
    }

    /// What the client's callbacks work on, from the opaque pointer that each of them is given.
    static func context<T: AnyObject>(_ opaque: UnsafeMutableRawPointer?, as type: T.Type) -> T? {
        opaque.flatMap { Unmanaged<KafkaLogSink>.fromOpaque($0).takeUnretainedValue().context as? T }
    }

    /// - Parameter level: syslog's: 0 to 3 errors, 4 warnings, above that for following what it does.
    func note(level: Int32, facility: String, _ text: String) {
        // That all brokers are down follows the line that tells why; a guess at why a connection was cut is worth keeping.
        let isCut = text.contains("Disconnected") || text.contains("brokers are down")
        if Self.isGuess(text) || level <= 3 && !isCut { lastFailure.withLock { $0 = text } }
        // Properties go to consumers and producers alike, and each warns of the other's.
        if level <= 4, facility != "CONFWARN" {
            Telemetry.emit(KafkaClientWarned(client: client, facility: facility, text: text))
        } else {
            Telemetry.emit(KafkaClientNoted(client: client, facility: facility, text: text))
        }
    }

    /// Who speaks another protocol than the listener is only cut off, at the first request. So is who meets a broker that is
    /// stopping: the remedy names both.
    private static func isGuess(_ text: String) -> Bool { text.contains("in state APIVERSION_QUERY") }

    /// Takes the reason of a timeout or a lost connection from the log lines.
    func explain(_ error: EngineError) -> EngineError {
        guard [.kafkaTimedOut, .kafkaUnreachable].contains(error.code), let failure = lastFailure.withLock({ $0 }) else { return error }
        let lowered = failure.lowercased()
        let isRefusal = !Self.isGuess(failure) && ["authentication", "sasl", "ssl", "certificate"].contains { lowered.contains($0) }
        let kind = KafkaErrors.error(isRefusal ? RD_KAFKA_RESP_ERR__AUTHENTICATION : RD_KAFKA_RESP_ERR__TRANSPORT, "")
        return EngineError(kind.code, kind.domain, "\(error.message): \(failure)", remedy: kind.remedy, isTransient: true)
    }
}

struct KafkaClientWarned: InternalEvent {
    static let name = "kafka_client_warned"
    static let level = EventLevel.warning
    var client: String, facility: String, text: String
    var message: String { "The Kafka client met something." }
    var fields: [EventField] { [.init("client", client), .init("facility", facility), .init("text", text)] }
}

struct KafkaClientNoted: InternalEvent {
    static let name = "kafka_client_noted"
    static let level = EventLevel.debug
    var client: String, facility: String, text: String
    var message: String { "The Kafka client tells what it does." }
    var fields: [EventField] { [.init("client", client), .init("facility", facility), .init("text", text)] }
}
