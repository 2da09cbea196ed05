public import ArgumentParser
public import Base
import HTTPAPI
public import Telemetry

// How options of our own types are written on the command line.

extension TimeSpan: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}

extension EventLevel: ExpressibleByArgument {}
extension LineFormat: ExpressibleByArgument {}

extension HTTPServer.Address {
    /// `127.0.0.1:8000`, `[::1]:8000`, `localhost:8000`, or just a port. For `@Option(transform:)`, which says what the
    /// error says; a type that merely cannot be made of its argument would leave the user to guess the form.
    @Sendable
    static func parse(_ argument: String) throws -> HTTPServer.Address {
        let colon = argument.lastIndex(of: ":")
        let port = colon.map { argument[argument.index(after: $0)...] } ?? argument[...]
        var host = colon.map { String(argument[..<$0]) } ?? "127.0.0.1"
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
        if isBracketed { host = String(host.dropFirst().dropLast()) }
        guard let number = Int(port), (0...65_535).contains(number), !host.isEmpty, isBracketed || !host.contains(":") else {
            throw ValidationError("Its form is host:port, such as 127.0.0.1:8000 or [::1]:8000, or a port alone.")
        }
        return HTTPServer.Address(host: host, port: number)
    }
}
