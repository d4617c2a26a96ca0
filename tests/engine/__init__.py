"""What a LevelDB with plyvel's interface does: each test runs over relevel.plyvel and over plyvel itself."""
