import Clockwork

func seeded(_ seed: UInt64) -> SeededGenerator { SeededGenerator(seed: seed) }
