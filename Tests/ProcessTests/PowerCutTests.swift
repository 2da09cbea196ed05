import Base
import Foundation
import Testing

extension ProcessTests {
    @Suite(.enabled(if: Recorder.compiler != nil, "needs a C compiler on the path, for the recorder of file operations"))
    struct PowerCutTests {
        @Test func `an engine whose power is cut at random moments ends with the rows of one that ran on`() throws {
            let show = try CrashShow(CrashShow.Options()), powerCut = try PowerCut()
            show.expectSame(try show.killed(powerCut), try show.uninterrupted())
            #expect(powerCut.storeBytesLost + powerCut.operationsUndone > 0, "the cuts found nothing to take away")
        }

        /// The fault model has teeth: where syncs do nothing, what was acknowledged is gone.
        @Test func `without syncs an acknowledged append does not survive a power cut`() throws {
            for ignoresSyncs in [true, false] {
                let directory = try TemporaryDirectory(), powerCut = try PowerCut()
                let engine = try EngineProcess(in: directory)
                engine.options.environment = try powerCut.watch(engine.data)
                try powerCut.begin()
                try engine.start()
                #expect(try engine.stop() == .exited(0))

                engine.options.environment = try powerCut.watch(engine.data, ignoringSyncs: ignoresSyncs)
                try powerCut.begin()
                try engine.start()
                #expect(try engine.append("{\"resource_id\":\"i-1\"}\n").status == 200)
                #expect(try engine.ends()[EngineProcess.source] == [1])
                try engine.kill()
                var random = SeededRandom(seed: 2)
                try powerCut.strike(&random)

                engine.options.environment = [:]
                try engine.start()
                #expect(try engine.ends()[EngineProcess.source] == [ignoresSyncs ? 0 : 1])
            }
        }
    }
}
