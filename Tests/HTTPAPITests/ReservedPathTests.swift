import Base
import Hummingbird
import Stores
import Telemetry
import Testing

@testable import HTTPAPI
@testable import Planner

@Test func `no view may have a path that the interface answers itself`() async throws {
    let engine = try FakeEngine(), work = BlockingWork(queryThreads: 1)
    let router = APIRouter(
        engine: engine, clock: ManualClock(EventTime(seconds: 1)), work: work, signal: AppendSignal(log: engine.log, work: work),
        metrics: MetricsRegistry([])
    ).router()
    let served = Set(router.routes.map { "\($0.path)" })
    #expect(served == Set(APIRouter.paths))
    for path in served {
        #expect(Planner.reservedPaths.contains { path == $0 || path.hasPrefix($0 + "/") }, "\(path) is not kept from views")
    }
    try await work.shutdown()
}
