public import Base
import Glibc
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
public import ServiceLifecycle
import Stores
public import Telemetry

extension ErrorCode {
    /// The server was told to listen where other machines can reach it.
    public static let apiNotLoopback = ErrorCode("api.not_loopback")
    /// Another program listens on the port.
    public static let apiPortInUse = ErrorCode("api.port_in_use")
    /// The address cannot be listened on.
    public static let apiCannotListen = ErrorCode("api.cannot_listen")
}

/// The engine's HTTP interface: appending, reading and following topics, querying views.
///
/// Runs until its task is cancelled or the service group shuts down gracefully; then it takes no more connections, ends
/// the answers that follow topics, and finishes the others.
public struct HTTPServer: Service {
    public struct Address: Hashable, Sendable {
        public var host: String
        /// 0: any free port; `onListening` is told which.
        public var port: Int
        public init(host: String = "127.0.0.1", port: Int = 8_080) {
            self.host = host
            self.port = port
        }
    }

    private let engine: any EngineFacade
    private let clock: any WallClock
    private let address: Address
    private let metrics: MetricsRegistry
    private let onListening: @Sendable (Int) async -> Void

    /// `onListening` is called once with the bound port, when requests are answered.
    ///
    /// Throws `api.not_loopback`: only this machine's own addresses may be listened on as long as there is no
    /// authentication.
    /// - Parameter metrics: what `/metrics` answers.
    public init(
        engine: any EngineFacade, clock: any WallClock, address: Address, metrics: MetricsRegistry = MetricsRegistry([]),
        onListening: @escaping @Sendable (Int) async -> Void = { _ in }
    ) throws {
        guard Loopback.contains(address.host) else {
            throw EngineError(
                .apiNotLoopback, .user,
                "'\(address.host)' can be reached from other machines, and the interface has no authentication yet",
                remedy: "Listen on 127.0.0.1, ::1 or localhost, and put a proxy that authenticates in front of it.")
        }
        self.engine = engine
        self.clock = clock
        self.address = address
        self.metrics = metrics
        self.onListening = onListening
    }

    /// Serves. Throws `api.port_in_use` or `api.cannot_listen`.
    public func run() async throws {
        let work = BlockingWork(queryThreads: engine.views.queriesMax)
        do {
            try await serve(work)
        } catch {
            try? await work.shutdown()
            throw error
        }
        try await work.shutdown()
    }

    private func serve(_ work: BlockingWork) async throws {
        do {
            try await application(work, onListening: onListening).run()
        } catch let error as IOError {
            throw cannotListen(error)
        }
    }

    /// The application without its life-cycle: what tests send requests to.
    func application(
        _ work: BlockingWork, signal: AppendSignal? = nil, pace: ChangePace = ChangePace(),
        onListening: @escaping @Sendable (Int) async -> Void = { _ in }
    ) -> Application<RouterResponder<BasicRequestContext>> {
        let host = address.host == "[::1]" ? "::1" : address.host
        let signal = signal ?? AppendSignal(log: engine.log, work: work)
        return Application(
            router: APIRouter(
                engine: engine, clock: clock, work: work, signal: signal, metrics: metrics, pace: pace).router(),
            server: HTTPServerBuilder { LoopChannel(http: HTTP1Channel(responder: $0)) },
            configuration: ApplicationConfiguration(address: .hostname(host, port: address.port), serverName: "pioneer"),
            onServerRunning: { channel in await onListening(channel.localAddress?.port ?? 0) },
            logger: Logger(label: "pioneer.http"))
    }

    private func cannotListen(_ error: IOError) -> EngineError {
        let place = "\(address.host):\(address.port)"
        if error.errnoCode == EADDRINUSE {
            return EngineError(
                .apiPortInUse, .environment, "another program listens on \(place)",
                remedy: "End it (an engine that is still running?), or listen on another port; port 0 takes any free one.")
        }
        return EngineError(
            .apiCannotListen, .environment, "cannot listen on \(place): \(error)",
            remedy: "Ports below 1024 need a privilege; the host must be an address of this machine.")
    }
}
