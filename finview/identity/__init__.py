"""Who is who: what finview does for identity beside the SQL of the models."""
