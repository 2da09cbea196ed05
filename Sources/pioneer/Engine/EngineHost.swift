import Base
import Dispatch
import HTTPAPI
import Logging
import Planner
import Runtime
import ServiceLifecycle
import Stores
import Telemetry
import UnixSignals

/// A running engine with its HTTP interface, from start to a clean stop.
struct EngineHost {
    let engine: Engine
    let data: DataDirectory
    let listen: HTTPServer.Address
    let clock: any WallClock
    let metrics: MetricsRegistry

    /// Requests under way when a stop is asked for are waited for this long: well within the ten seconds after which
    /// container runtimes kill.
    private static let shutdownMax = Duration.seconds(5)

    /// Returns when SIGINT or SIGTERM asked for a stop and everything open is committed. Throws what stopped the engine
    /// otherwise.
    func run() async throws {
        Metrics.collect(engine, data, with: metrics)
        let server = try makeServer()
        var logger = Logger(label: "pioneer.services")
        logger.logLevel = .error
        var configuration = ServiceGroupConfiguration(
            services: [
                .init(service: server, successTerminationBehavior: .gracefullyShutdownGroup),
                .init(service: EngineWatch(engine: engine), successTerminationBehavior: .gracefullyShutdownGroup),
            ],
            gracefulShutdownSignals: [.sigint, .sigterm], logger: logger)
        configuration.maximumGracefulShutdownDuration = Self.shutdownMax
        let served: Result<Void, any Error>
        do {
            served = .success(try await ServiceGroup(configuration: configuration).run())
        } catch {
            served = .failure(error)
        }
        // What stopped the engine says more than what became of the server afterwards.
        try await end()
        try served.get()
    }

    private func makeServer() throws -> HTTPServer {
        let engine = engine, data = data, host = listen.host
        let served = ServedEngine(engine: engine, clock: clock) { try data.diskBytes() }
        return try HTTPServer(engine: served, clock: clock, address: listen, metrics: metrics) { port in
            let address = "http://\(host.contains(":") ? "[\(host)]" : host):\(port)"
            // Only now: an engine whose port is taken has not begun to work. One that cannot start has stopped, and says
            // why when it is joined.
            do { try engine.start() } catch { return }
            do {
                try data.writeAddress(address)
            } catch {
                Telemetry.emit(AddressNotWritten(why: "\(error)"))
            }
            Telemetry.emit(EngineListening(address: address, data: data.path))
        }
    }

    /// Has the engine commit and end, on a thread that may block.
    private func end() async throws {
        engine.stop()
        let engine = engine
        try await withCheckedThrowingContinuation { (done: CheckedContinuation<Void, any Error>) in
            DispatchQueue.global().async { done.resume(with: Result { try engine.join() }) }
        }
    }
}

/// Ends when the engine stops by itself, which ends the server with it.
private struct EngineWatch: Service {
    let engine: Engine
    private static let interval = Duration.milliseconds(100)

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !engine.isStopping {
                do { try await Task.sleep(for: Self.interval) } catch { return }
            }
        }
    }
}
