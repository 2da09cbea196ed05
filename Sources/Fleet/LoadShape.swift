/// How a machine's load runs over hours and days.
public enum LoadShape: String, CaseIterable, Sendable {
    /// Little to do, except for the jobs that a machine starts by itself each hour.
    case idle
    /// Busy while people work, in the machine's own time zone, and resting at weekends.
    case office
    /// Asleep by day, at work for some hours each night.
    case batch
    /// Busy on the evenings of Saturday and Sunday.
    case weekend
    /// Quiet, with bursts of minutes to an hour that nobody can foresee.
    case bursty
    /// As office, and its memory grows for days until it is started anew.
    case leaking
    /// At its limit all the time.
    case saturated
    /// Somewhere in the middle, and never still.
    case noisy

    /// How many of a hundred machines have it, in a fleet of all shapes.
    var share: Int {
        switch self {
        case .idle: 33
        case .office: 16
        case .batch: 8
        case .weekend: 5
        case .bursty: 14
        case .leaking: 5
        case .saturated: 5
        case .noisy: 14
        }
    }

    /// The shape for `u`, uniform in [0, 1), of those that are wanted.
    static func chosen(_ u: Double, among shapes: [LoadShape]) -> LoadShape {
        var rest = u * Double(shapes.reduce(0) { $0 + $1.share })
        for shape in shapes {
            rest -= Double(shape.share)
            if rest < 0 { return shape }
        }
        return shapes[shapes.count - 1]
    }
}
