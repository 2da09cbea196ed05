/// What is excused from which rule. Empty is the aim.
let ratchet: [Exception] = []
