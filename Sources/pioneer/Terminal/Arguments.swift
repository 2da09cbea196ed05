public import ArgumentParser
public import Base
public import HTTPAPI
public import Telemetry

// How options of our own types are written on the command line.

extension TimeSpan: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}

extension EventLevel: ExpressibleByArgument {}
extension LineFormat: ExpressibleByArgument {}

extension HTTPServer.Address: ExpressibleByArgument {
    /// `127.0.0.1:8000`, `[::1]:8000`, `localhost:8000`, or just a port.
    public init?(argument: String) {
        let colon = argument.lastIndex(of: ":")
        let port = colon.map { argument[argument.index(after: $0)...] } ?? argument[...]
        guard let number = Int(port), (0...65_535).contains(number) else { return nil }
        var host = colon.map { String(argument[..<$0]) } ?? "127.0.0.1"
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        guard !host.isEmpty else { return nil }
        self.init(host: host, port: number)
    }

    public var defaultValueDescription: String { "\(host):\(port)" }
}
