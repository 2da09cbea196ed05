import Foundation

/// Programs that are not ours, run to their end.
enum ForeignProcess {
    /// What it prints. `input` must not be answered before it has ended.
    static func output(of program: String, _ arguments: [String], input: String) throws -> String {
        let process = Process(), output = Pipe(), entry = Pipe()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.standardOutput = output
        process.standardInput = entry
        try process.run()
        try entry.fileHandleForWriting.write(contentsOf: Data(input.utf8))
        try entry.fileHandleForWriting.close()
        let said = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            let name = URL(fileURLWithPath: program).lastPathComponent
            throw BrokerTrouble(description: "\(name) ended with \(process.terminationStatus)")
        }
        return String(decoding: said, as: UTF8.self)
    }
}
