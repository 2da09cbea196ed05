import Base
import RocksStore

extension DataDirectory {
    /// The store's error as it concerns the whole directory: where the engine that has it answers.
    static func named(_ error: EngineError, _ kind: Kind, directory: String) -> EngineError {
        guard error.code == .storeLocked else { return error }
        var error = error
        error.message = error.message.replacing("'\(directory)/\(kind.storeName)'", with: "'\(directory)'")
        if let address = (try? EngineAddressFile.read(in: directory)).flatMap({ $0 }) { error.message += " and answers at \(address)" }
        return error
    }
}
