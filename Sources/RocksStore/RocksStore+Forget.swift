public import Base
import Stores
import Synchronization

extension RocksStore {
    /// Forgets what a topology has made of its inputs, in one write: the state and the epochs of all its tasks, and the
    /// records of `topics`, which are empty afterwards and begin at offset 0. Other topics stay as they are.
    ///
    /// Nobody may be reading or running the topology. Topics that do not exist are passed over; idempotent.
    public func forget(topology: String, emptying topics: [TopicName]) throws {
        try writer.exclusively { () throws(EngineError) in
            let database = try database()
            let batch = WriteBatch(database)
            // All tasks' keys start with the topology's name, whatever the partition (`StateScope.taskPrefix`).
            let prefix = [UInt8(topology.utf8.count)] + Array(topology.utf8)
            batch.deleteAll(.state, prefix: prefix)
            batch.deleteAll(.meta, prefix: [Format.epochPrefix] + prefix)
            batch.deleteAll(.meta, prefix: [Format.positionPrefix] + prefix)
            var registered = registry.withLock { $0 }
            var greatest = registered.values.map(\.number).max() ?? 0
            for name in topics {
                guard let old = registered[name] else { continue }
                let number = Format.bigEndian(old.number)
                for family in [Database.Family.chunks, .payloads] { batch.deleteAll(family, prefix: number) }
                batch.deleteAll(.meta, prefix: [Format.partitionPrefix] + number)
                batch.deleteAll(.meta, prefix: [Format.producerPrefix] + number)
                // A new number, because numbers are never used again: what a reader still holds of the old is not taken
                // for the new.
                greatest += 1
                let partitions = (0..<UInt32(old.partitions.count)).map { partition in
                    Partition(key: LogKey(topic: greatest, partition: partition), first: 0, end: 0, bytes: 0, cleaned: 0)
                }
                registered[name] = Topic(number: greatest, description: old.description, partitions: partitions)
                batch.put(.meta, Format.topicKey(name), TopicEntry(number: greatest, description: old.description).encode())
            }
            try database.write(batch, givesBack: true)
            registry.withLock { $0 = registered }
        }
    }
}
