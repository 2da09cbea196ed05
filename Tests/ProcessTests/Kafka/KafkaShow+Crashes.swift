import Base
import Foundation
import KafkaBrokers

extension KafkaShow {
    /// Two engines under load; again and again one of them is killed and started again, at once or when the other has its
    /// tasks; every third time it is stopped instead, and woken when its tasks are the other's.
    ///
    /// - Parameters:
    ///   - trouble: has a fault broker misbehave from then on.
    ///   - calm: ends that; the client that writes the input, which is not ours, is spared.
    func crash(_ trouble: (inout SeededRandom) throws -> Void = { _ in }, calm: () throws -> Void = {}) throws {
        var random = SeededRandom(seed: options.seed &+ 1)
        try join()
        try join()
        for kill in 0..<options.kills {
            try calm()
            try write(upTo: Double(kill + 1) / Double(options.kills + 1))
            try trouble(&random)
            pause(milliseconds: 200 + random.below(1_300))
            let victim = engines[random.below(engines.count)]
            if kill % 3 == 2 {
                try victim.freeze()
                try awaitMove(from: victim)
                victim.wake()
            } else {
                try victim.kill()
                if random.below(3) == 0 { try awaitMove(from: victim) }
                try victim.start()
            }
            try trouble(&random)
        }
        try calm()
        try finish()
        try settle()
    }

    /// Until another engine runs all tasks.
    func awaitMove(from victim: EngineProcess) throws {
        try wait(upTo: Double(options.session) + 60, for: "the tasks to move" + tails) {
            engines.contains { $0 !== victim && tasks(of: $0).count == options.partitions } ? () : nil
        }
    }
}
